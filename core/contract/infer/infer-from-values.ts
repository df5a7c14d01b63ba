import { isDeepStrictEqual } from 'node:util'
import { JsonNumber, type JsonObject, type JsonValue } from '../../json.ts'
import { decoderOf, numberText } from '../value/canonical.ts'
import { Refusal } from '../value/refusal.ts'
import type { ColumnType } from '../value/type.ts'

/** What the values of one source field tell of it. */
export interface ObservedField {
  /** Values that are not null. */
  readonly values: number
  /** Rows without a value: null, or without the field. */
  readonly empty: number
  /** The narrowest type that holds every value exactly. */
  readonly type: ColumnType
  /** What the type is concluded from, for a description. */
  readonly note: string
}

/** Digits left before the point beyond the longest number that was seen. */
const HEADROOM = 4
/* A hundredth of what an integer holds: ids grow, and an integer that overflows is a row in quarantine. */
const MAX_INTEGER = 20_000_000n
const MAX_DIGITS = 38

const PLAIN = /^-?(\d+)(?:\.(\d+))?$/

interface Candidate {
  readonly type: ColumnType
  readonly holds: (value: JsonValue) => boolean
}

/* From narrow to wide: the first that holds every value is proposed. Numbers in text stay text: `007` is not 7. */
const candidates: readonly Candidate[] = [
  { type: { kind: 'boolean' }, holds: isBoolean },
  { type: { kind: 'integer' }, holds: (value) => isWhole(value, MAX_INTEGER) },
  { type: { kind: 'bigint' }, holds: (value) => isWhole(value, 2n ** 63n - 1n) },
  { type: { kind: 'decimal', precision: 0, scale: 0 }, holds: (value) => PLAIN.test(digitsOf(value)) },
  { type: { kind: 'double' }, holds: accepted({ kind: 'double' }, (value) => !isDigits(value)) },
  { type: { kind: 'uuid' }, holds: unchanged({ kind: 'uuid' }) },
  { type: { kind: 'date' }, holds: unchanged({ kind: 'date' }) },
  { type: { kind: 'timestampMicros' }, holds: accepted({ kind: 'timestampMicros' }) },
  { type: { kind: 'time' }, holds: unchanged({ kind: 'time' }) },
  { type: { kind: 'json' }, holds: accepted({ kind: 'json' }, isDocument) },
  { type: { kind: 'list', of: { kind: 'bigint' } }, holds: isListOfWholes },
  { type: { kind: 'list', of: { kind: 'string' } }, holds: isArrayText },
  { type: { kind: 'string' }, holds: accepted({ kind: 'string' }) },
]

interface Tally {
  values: number
  nulls: number
  alive: readonly Candidate[]
  wholeDigits: number
  decimals: number
  /** Values that tell a number, or a document from an array. */
  numbers: number
  braces: number
}

/**
 * Looks at rows in the source's own values, one after the other, and concludes column types. Memory is bounded by
 * the number of fields: no value is kept.
 */
export class ObservedRows {
  private readonly fields = new Map<string, Tally>()
  rows = 0

  /** A whole row; not a delete, which has only its key. */
  add(data: JsonObject): void {
    this.rows += 1
    for (const [name, value] of Object.entries(data)) this.note(name, value)
  }

  /** Fields in the order they were first seen. */
  observed(): ReadonlyMap<string, ObservedField> {
    return new Map([...this.fields].map(([name, tally]) => [name, this.conclude(tally)]))
  }

  private note(name: string, value: JsonValue): void {
    const tally = this.fields.get(name) ?? newTally()
    this.fields.set(name, tally)
    if (value === null) {
      tally.nulls += 1
      return
    }
    tally.values += 1
    const [, whole = '', decimals = ''] = PLAIN.exec(digitsOf(value)) ?? []
    tally.wholeDigits = Math.max(tally.wholeDigits, whole.replace(/^0+/, '').length)
    tally.decimals = Math.max(tally.decimals, decimals.length)
    if (isNumber(value)) tally.numbers += 1
    if (value === '{}') tally.braces += 1
    tally.alive = tally.alive.filter(({ holds }) => holds(value))
  }

  private conclude(tally: Tally): ObservedField {
    const { values } = tally
    const counts = { values, empty: this.rows - values }
    if (values === 0) return { ...counts, type: { kind: 'string' }, note: 'no value seen' }
    const found = tally.alive.map(({ type }) => fitted(type, tally)).find((type) => type !== undefined)
    /* No type of the lake holds all of it exactly; text refuses least. */
    if (found === undefined)
      return { ...counts, type: { kind: 'string' }, note: 'values of several types seen' }
    return { ...counts, type: found, note: noteOf(found, tally) }
  }
}

function newTally(): Tally {
  return { values: 0, nulls: 0, alive: candidates, wholeDigits: 0, decimals: 0, numbers: 0, braces: 0 }
}

/* Undefined where the values together rule a type out that each of them allowed. */
function fitted(
  type: ColumnType,
  { values, wholeDigits, decimals, numbers, braces }: Tally,
): ColumnType | undefined {
  switch (type.kind) {
    case 'decimal': {
      const needed = Math.max(wholeDigits, 1) + decimals
      if (needed > MAX_DIGITS) return undefined
      return { kind: 'decimal', precision: Math.min(needed + HEADROOM, MAX_DIGITS), scale: decimals }
    }
    case 'double':
      return numbers > 0 ? type : undefined
    /* `{}` is the empty object and the empty array; text holds both. */
    case 'json':
    case 'list':
      return braces === values ? undefined : type
    default:
      return type
  }
}

function noteOf(type: ColumnType, { values, wholeDigits, decimals }: Tally): string {
  const seen = `${values} value${values === 1 ? '' : 's'} seen`
  if (type.kind !== 'decimal') return seen
  const whole = Math.max(wholeDigits, 1)
  return `${seen} of up to ${whole}.${decimals} digits, room for ${type.precision - decimals - whole} more`
}

/* A decoder that takes a value and says the same as the value did. */
function accepted(type: ColumnType, also: (value: JsonValue) => boolean = () => true) {
  const decode = decoderOf(type)
  return (value: JsonValue): boolean => also(value) && !(decode(value) instanceof Refusal)
}

function unchanged(type: ColumnType) {
  const decode = decoderOf(type)
  return (value: JsonValue): boolean => decode(value) === value
}

function isNumber(value: JsonValue): value is number | JsonNumber {
  return typeof value === 'number' || value instanceof JsonNumber
}

function digitsOf(value: JsonValue): string {
  return isNumber(value) ? (numberText(value) ?? '') : ''
}

/* A column of `1` and `t` alone may as well be numbers or letters. */
function isBoolean(value: JsonValue): boolean {
  return typeof value === 'boolean' || value === 'true' || value === 'false'
}

function isDigits(value: JsonValue): boolean {
  return typeof value === 'string' && /^[+-]?\d/.test(value)
}

function isWhole(value: JsonValue, limit: bigint): boolean {
  const [, , decimals] = PLAIN.exec(digitsOf(value)) ?? []
  if (decimals !== undefined || !PLAIN.test(digitsOf(value))) return false
  const whole = BigInt(digitsOf(value))
  return whole <= limit && whole >= -limit
}

function isDocument(value: JsonValue): boolean {
  return typeof value !== 'string' || /^\s*[{[]/.test(value)
}

const asTexts = decoderOf({ kind: 'list', of: { kind: 'string' } })
const asWholes = decoderOf({ kind: 'list', of: { kind: 'bigint' } })

function isArrayText(value: JsonValue): boolean {
  return typeof value === 'string' && value.startsWith('{') && !(asTexts(value) instanceof Refusal)
}

/* Only digits that come out as they went in: `{007}` is a list of texts. */
function isListOfWholes(value: JsonValue): boolean {
  return isArrayText(value) && isDeepStrictEqual(asWholes(value), asTexts(value))
}
