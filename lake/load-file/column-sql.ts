import type { CanonicalValue } from '../../core/block.ts'
import type { Column } from '../../core/contract/language/column.ts'
import { heldType } from '../../core/contract/language/lake-columns.ts'
import { boundSides, columnDecoder } from '../../core/contract/language/out-of-range.ts'
import { Refusal } from '../../core/contract/value/refusal.ts'
import { boundsSql } from './bounds-sql.ts'
import { canonicalSql, canonicalTextSql } from './canonical-sql.ts'
import type { FastValue } from './fast-list.ts'
import { fastValue } from './fast-value.ts'
import type { FileColumn } from './file-column.ts'

/** A contract column in SQL: its value before masking, in the form of `FastValue`, of the type that the column holds. */
export interface ColumnSql {
  /** Null, without a type, where no value is certain. */
  readonly value: string
  /** Hold where the codec makes the same of the row, nulls included. */
  readonly certain: readonly string[]
}

const NEVER: ColumnSql = { value: 'NULL', certain: ['false'] }

/** A column out of the file's, or out of nothing where the file does not have it. */
export function columnSql(column: Column, file: FileColumn | undefined): ColumnSql {
  if (file === undefined) return missing(column)
  const { ref } = file
  const isNull = `${ref} IS NULL`
  const fast = held(column, file)
  if (fast === undefined) return column.nullable ? { value: 'NULL', certain: [isNull] } : NEVER
  if (!column.nullable) return { value: fast.sql, certain: [`${ref} IS NOT NULL`, ...fast.certain] }
  return {
    value: fast.sql,
    certain: fast.certain.length === 0 ? [] : [`(${isNull} OR (${fast.certain.join(' AND ')}))`],
  }
}

/* What the contract says of values beyond the type is the codec's to do: here there are only values inside. */
function held(column: Column, { type: fileType, ref }: FileColumn): FastValue | undefined {
  if (column.check !== undefined) return undefined
  const fast = fastValue(column.type, fileType, ref)
  const bounds = fast === undefined ? undefined : boundsSql(column, fast.sql)
  if (fast === undefined || bounds === undefined) return undefined
  const sql = column.beyond === 'text' ? canonicalTextSql(column.type, fast.sql) : fast.sql
  return sql === undefined ? undefined : { sql, certain: [...fast.certain, ...bounds] }
}

/* As the codec reads a field that a load does not have: its default, or null. */
function missing(column: Column): ColumnSql {
  const { default: defaultValue } = column
  if (defaultValue === undefined) return column.nullable ? { value: 'NULL', certain: [] } : NEVER
  const value = canonicalDefault(column)
  const sql = value === undefined ? undefined : canonicalSql(heldType(column), value)
  return sql === undefined ? NEVER : { value: sql, certain: [] }
}

function canonicalDefault(column: Column): CanonicalValue | undefined {
  const { default: defaultValue, check, beyond } = column
  if (defaultValue === undefined || check !== undefined) return undefined
  const value = columnDecoder(column)(defaultValue)
  if (value instanceof Refusal || value === null) return undefined
  return beyond !== 'text' && boundSides(column)(value) !== undefined ? undefined : value
}
