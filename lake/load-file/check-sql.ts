import type { Column } from '../../core/contract/language/column.ts'
import { orderOf, type RowCheck } from '../../core/contract/language/row-check.ts'
import { decoderOf } from '../../core/contract/value/canonical.ts'
import { Refusal } from '../../core/contract/value/refusal.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { canonicalSql } from './canonical-sql.ts'

/** A column as a check sees it: its value before masking, in the form of `FastValue`. */
export interface CheckedColumn {
  readonly column: Column
  readonly value: string
}

interface Side {
  readonly type: ColumnType
  readonly sql: string
}

/** A condition that holds where the codec finds the check kept; rows that break it, or may, are the codec's. */
export function checkSql(
  { left, is, right, value }: RowCheck,
  columns: ReadonlyMap<string, CheckedColumn>,
): string {
  const a = sideOf(columns.get(left))
  const b = right === undefined ? literalSide(columns.get(left)?.column, value) : sideOf(columns.get(right))
  if (a === undefined || b === undefined) return 'false'
  const compared = comparable(a, b)
  const isNull = `${a.sql} IS NULL OR ${b.sql} IS NULL`
  return compared === undefined ? `(${isNull})` : `(${isNull} OR ${compared[0]} ${is} ${compared[1]})`
}

/* Text that stands for other types has the order of those. */
function sideOf(checked: CheckedColumn | undefined): Side | undefined {
  if (checked === undefined || checked.column.beyond === 'text') return undefined
  return { type: checked.column.type, sql: checked.value }
}

function literalSide(column: Column | undefined, value: RowCheck['value']): Side | undefined {
  if (column === undefined) return undefined
  const decoded = decoderOf(column.type)(value ?? null)
  const sql = decoded instanceof Refusal || decoded === null ? undefined : canonicalSql(column.type, decoded)
  return sql === undefined ? undefined : { type: column.type, sql }
}

/* Both sides in one type in which DuckDB's order is that of `compareValues`, and which holds both exactly. */
function comparable(a: Side, b: Side): readonly [string, string] | undefined {
  const order = orderOf(a.type)
  if (order !== orderOf(b.type) || order === 'none') return undefined
  if (order === 'float') return [`CAST(${a.sql} AS DOUBLE)`, `CAST(${b.sql} AS DOUBLE)`]
  if (order !== 'exact') return [a.sql, b.sql]
  const [[wholeA, scaleA], [wholeB, scaleB]] = [digitsOf(a.type), digitsOf(b.type)]
  const scale = Math.max(scaleA, scaleB)
  const precision = Math.max(wholeA, wholeB) + scale
  if (precision > 38) return undefined
  return [
    `CAST(${a.sql} AS DECIMAL(${precision},${scale}))`,
    `CAST(${b.sql} AS DECIMAL(${precision},${scale}))`,
  ]
}

/* Digits before and after the point. */
function digitsOf(type: ColumnType): readonly [number, number] {
  if (type.kind === 'decimal') return [type.precision - type.scale, type.scale]
  return [type.kind === 'bigint' ? 19 : type.kind === 'integer' ? 10 : 5, 0]
}
