import type { LakeColumn } from '../../core/contract/lake-columns.ts'
import { columnText } from '../../lake/checksum/column-text.ts'
import { duckdb } from '../../lake/checksum/dialect.ts'

/** The SQL that makes DuckDB write a lake column in its comparison text; see `source-text.ts`. */
export function lakeText(column: LakeColumn): string {
  return columnText(column, duckdb)
}
