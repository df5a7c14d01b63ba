import type { CanonicalValue } from '../core/block.ts'
import type { Column } from '../core/contract/column.ts'
import { unscaled } from '../core/contract/decimal.ts'

/** The bounds and the check of a column as one function: the sentences a value breaks, none when it keeps them all. */
export function conditionsOf(column: Column): (value: CanonicalValue) => readonly string[] {
  const { min, max, check } = column
  if (min === undefined && max === undefined && check === undefined) return () => []
  return (value) => {
    const broken: string[] = []
    if (min !== undefined && compare(value, min) < 0) broken.push(`must be at least ${min}`)
    if (max !== undefined && compare(value, max) > 0) broken.push(`must be at most ${max}`)
    const outcome = check?.safeParse(rowValue(column, value))
    /* zod's messages describe the rule; they do not quote the value. */
    for (const { message } of outcome?.error?.issues ?? []) broken.push(`breaks its check: ${message}`)
    return broken
  }
}

/* Decimals are compared digit by digit; a double in between could round across the bound. */
function compare(value: CanonicalValue, bound: number): number {
  if (typeof value === 'number') return value - bound
  if (typeof value !== 'string' || !/^-?\d/.test(value)) return Number(value) - bound
  const [left, right] = sameScale(value, String(bound))
  return left < right ? -1 : left > right ? 1 : 0
}

function sameScale(left: string, right: string): readonly [bigint, bigint] {
  const scale = Math.max(decimalsOf(left), decimalsOf(right))
  return [left, right].map((text) => unscaled(text) * 10n ** BigInt(scale - decimalsOf(text))) as [
    bigint,
    bigint,
  ]
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.length - point - 1
}

/* Checks are written against the `Row` type: 64-bit integers are bigint there. */
function rowValue({ type }: Column, value: CanonicalValue): unknown {
  return type.kind === 'bigint' && typeof value === 'string' ? BigInt(value) : value
}
