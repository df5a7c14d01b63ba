import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import { columnText } from './column-text.ts'
import { duckdb } from './dialect.ts'

/** The SQL that makes DuckDB write a lake column in its comparison text; see `source-text.ts`. */
export function lakeText(column: LakeColumn): string {
  return columnText(column, duckdb)
}
