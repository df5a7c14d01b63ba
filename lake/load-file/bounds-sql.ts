import type { Column } from '../../core/contract/language/column.ts'
import { compareDecimals, plainDecimal, unscaled } from '../../core/contract/value/decimal.ts'
import { literal } from '../sql/sql-text.ts'

/** Conditions that hold where a value in SQL is inside the column's bounds; undefined where that is never certain. */
export function boundsSql({ type, min, max }: Column, sql: string): readonly string[] | undefined {
  if (min === undefined && max === undefined) return []
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return exactBounds(0, sql, min, max)
    case 'decimal':
      return exactBounds(type.scale, sql, min, max)
    case 'double':
    case 'real': {
      /* The bound of a real is a real. NaN, DuckDB's greatest float, breaks every bound. */
      const bound = (value: number) =>
        `CAST(${literal(String(type.kind === 'real' ? Math.fround(value) : value))} AS DOUBLE)`
      const wide = `CAST(${sql} AS DOUBLE)`
      return [
        `NOT isnan(${sql})`,
        ...(min === undefined ? [] : [`${wide} >= ${bound(min)}`]),
        ...(max === undefined ? [] : [`${wide} <= ${bound(max)}`]),
      ]
    }
    default:
      return undefined
  }
}

/*
 * The bound on the grid of the column: what is not below 0.5 is an integer not below 1. Nothing is compared across
 * decimal types, which could overflow: a bound that the widest decimal does not hold is left to the codec.
 */
function exactBounds(
  scale: number,
  sql: string,
  min: number | undefined,
  max: number | undefined,
): readonly string[] | undefined {
  const least = min === undefined ? undefined : gridded(min, scale, 'up')
  const most = max === undefined ? undefined : gridded(max, scale, 'down')
  if ([least, most].some((bound) => bound !== undefined && tooLarge(bound))) return undefined
  const wide = `CAST(${sql} AS DECIMAL(38,${scale}))`
  return [
    ...(least === undefined ? [] : [`${wide} >= ${decimalSql(least, scale)}`]),
    ...(most === undefined ? [] : [`${wide} <= ${decimalSql(most, scale)}`]),
  ]
}

function tooLarge(bound: bigint): boolean {
  return bound <= -(10n ** 38n) || bound >= 10n ** 38n
}

function decimalSql(bound: bigint, scale: number): string {
  const digits = String(bound < 0n ? -bound : bound).padStart(scale + 1, '0')
  const point = digits.length - scale
  const text = `${bound < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
  return `CAST('${text}' AS DECIMAL(38,${scale}))`
}

/** A bound in units of the last digit, rounded to the inside. */
function gridded(bound: number, scale: number, towards: 'up' | 'down'): bigint {
  const plain = plainDecimal(String(bound)) ?? '0'
  const [whole = '0', fraction = ''] = plain.replace('-', '').split('.')
  const cut = `${whole}.${fraction.slice(0, scale).padEnd(scale, '0')}`
  const magnitude = unscaled(cut)
  const sign = plain.startsWith('-') ? -1n : 1n
  const isExact = compareDecimals(cut.endsWith('.') ? cut.slice(0, -1) : cut, plain.replace('-', '')) === 0
  /* Cutting digits moves towards zero: one step more where the inside is the other way. */
  const isInside = (towards === 'up') === sign < 0n
  return sign * magnitude + (isExact || isInside ? 0n : towards === 'up' ? 1n : -1n)
}
