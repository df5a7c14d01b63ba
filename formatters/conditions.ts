import type * as z from 'zod'
import type { CanonicalValue } from '../core/block.ts'
import type { Column } from '../core/contract/column.ts'
import { unscaled } from '../core/contract/decimal.ts'

/** The bounds and the check of a column as one function: the sentences a value breaks, none when it keeps them all. */
export function conditionsOf(column: Column): (value: CanonicalValue) => readonly string[] {
  const { check } = column
  const min = boundOf(column, column.min)
  const max = boundOf(column, column.max)
  if (min === undefined && max === undefined && check === undefined) return () => []
  return (value) => {
    const broken: string[] = []
    /* So that NaN, which is neither, breaks both. */
    if (min !== undefined && !(compare(value, min) >= 0)) broken.push(`must be at least ${column.min}`)
    if (max !== undefined && !(compare(value, max) <= 0)) broken.push(`must be at most ${column.max}`)
    if (check !== undefined)
      for (const message of brokenChecks(check, rowValue(column, value)))
        broken.push(`breaks its check: ${message}`)
    return broken
  }
}

/* The bound of a `real` as a real: 0.1 is at most 0.1 there too. */
function boundOf({ type }: Column, bound: number | undefined): number | undefined {
  return bound !== undefined && type.kind === 'real' ? Math.fround(bound) : bound
}

function brokenChecks(check: z.ZodType, value: unknown): readonly string[] {
  try {
    /* zod's messages describe the rule; they do not quote the value. */
    return check.safeParse(value).error?.issues.map(({ message }) => message) ?? []
  } catch {
    /* Code of a contract's author threw: the row is refused, the others go on. What it threw may quote the value. */
    return ['it threw']
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

/* Checks are written against the `Row` type: 64-bit integers are bigint there, instants ISO 8601 text, bytes bytes. */
function rowValue({ type }: Column, value: CanonicalValue): unknown {
  if (type.kind === 'timestamp' && typeof value === 'number') return new Date(value).toISOString()
  if (typeof value !== 'string') return value
  switch (type.kind) {
    case 'bigint':
      return BigInt(value)
    case 'timestampMicros':
      return isoOfMicros(BigInt(value))
    case 'double':
    case 'real':
      return Number(value)
    case 'binary':
      return new Uint8Array(Buffer.from(value, 'hex'))
    default:
      return value
  }
}

function isoOfMicros(micros: bigint): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n
  const milliseconds = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, -1)
  return `${milliseconds}${String(rest).padStart(3, '0')}Z`
}
