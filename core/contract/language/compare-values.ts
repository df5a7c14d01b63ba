import type { CanonicalValue } from '../../block.ts'
import { compareDecimals } from '../value/decimal.ts'
import type { Column } from './column.ts'
import { orderOf } from './row-check.ts'

/** Compares canonical values of two columns of one order: below 0, 0 or above 0. */
export type Compare = (left: CanonicalValue, right: CanonicalValue) => number

/**
 * The order of two columns, which have the same `orderOf`: numbers and instants by their value, exactly, whatever their
 * scales; floats as PostgreSQL has them, NaN above all and equal to itself; text by code point; false before true.
 */
export function compareValues(left: Pick<Column, 'type'>, right: Pick<Column, 'type'>): Compare {
  switch (orderOf(left.type)) {
    case 'exact':
      return (a, b) => compareDecimals(String(a), String(b))
    case 'float':
      return (a, b) => compareFloats(Number(a), Number(b))
    case 'instant':
      return compareInstants(left, right)
    case 'flag':
      return (a, b) => Number(a) - Number(b)
    default:
      /* Days, times, UUIDs and text: canonical text, whose bytes are in its order. */
      return (a, b) => Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
  }
}

function compareInstants(left: Pick<Column, 'type'>, right: Pick<Column, 'type'>): Compare {
  const isSameUnit = left.type.kind === right.type.kind
  return (a, b) => {
    const [x, y] = [Number(a), Number(b)]
    if (isSameUnit && Number.isSafeInteger(x) && Number.isSafeInteger(y)) return x - y
    return compareBigints(microsOf(left, a), microsOf(right, b))
  }
}

function compareFloats(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b ? -1 : a > b ? 1 : 0
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function microsOf({ type }: Pick<Column, 'type'>, value: CanonicalValue): bigint {
  return type.kind === 'timestamp' ? BigInt(String(value)) * 1000n : BigInt(String(value))
}
