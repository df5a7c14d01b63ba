import type { CanonicalValue } from '../../block.ts'
import { isJsonObject, JsonNumber, type JsonValue, stringifyJson } from '../../json.ts'
import { fitDecimal, withoutTrailingZeros } from './decimal.ts'
import { listDecoder, structDecoder } from './decode-nested.ts'
import { Refusal } from './refusal.ts'
import { normalTime, parseDate, parseTimestamp, toMicrosText, toMillis } from './temporal.ts'
import { type ColumnType, typeName } from './type.ts'

/**
 * Makes the canonical value of a source value that is not null, or says why there is none.
 * Canonical forms, one for each type, whatever the path (G5):
 * bigint, timestampMicros → decimal digits as text; integer, smallint → number; timestamp → epoch
 * milliseconds; decimal → text with exactly `scale` decimals; date, time, uuid, enum, json, string →
 * text; binary → lower-case hex; double, real → number, or "NaN", "Infinity", "-Infinity", "-0";
 * list → array of these and nulls; struct → array of these and nulls, in the order of its fields.
 */
export type Decode = (value: JsonValue) => CanonicalValue | Refusal

/** Where a value stands: a column of its own, an element of PostgreSQL's array text, or inside a JSON document. */
type Place = 'column' | 'array text' | 'json'

/** The decoder of DMS's JSON dialect for a column type. Nothing is rounded, cut or guessed. */
export function decoderOf(type: ColumnType, place: Place = 'column'): Decode {
  const refusal = new Refusal(`must be ${article(type)}`)
  switch (type.kind) {
    case 'bigint':
      return integerDecoder(-(2n ** 63n), 2n ** 63n - 1n, refusal, (text) => text)
    case 'integer':
      return integerDecoder(-(2n ** 31n), 2n ** 31n - 1n, refusal, Number)
    case 'smallint':
      return integerDecoder(-(2n ** 15n), 2n ** 15n - 1n, refusal, Number)
    case 'double':
      return floatDecoder((value) => value, refusal)
    case 'real':
      return floatDecoder(Math.fround, refusal)
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : (booleanOf(value, place) ?? refusal))
    case 'decimal': {
      const { precision, scale } = type
      const misfit = new Refusal(`must fit ${typeName(type)}`)
      return (value) => {
        const text = numberText(value)
        return text === undefined ? refusal : (fitDecimal(text, precision, scale) ?? misfit)
      }
    }
    case 'date':
      return (value) => (typeof value === 'string' && parseDate(value) !== undefined ? value : refusal)
    case 'timestamp':
    case 'timestampMicros': {
      const convert = type.kind === 'timestamp' ? toMillis : toMicrosText
      return (value) => {
        const instant = typeof value === 'string' ? parseTimestamp(value) : undefined
        return instant === undefined ? refusal : convert(instant)
      }
    }
    case 'time':
      return (value) => (typeof value === 'string' ? (normalTime(value) ?? refusal) : refusal)
    case 'uuid':
      return (value) => (typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : refusal)
    case 'enum': {
      if (type.unknown === 'keep') return (value) => (isText(value) ? value : refusal)
      const values = new Set(type.values)
      return (value) => (typeof value === 'string' && values.has(value) ? value : refusal)
    }
    case 'json':
      if (place === 'json') return stringifyJson
      return (value) => jsonText(value) ?? refusal
    case 'binary':
      return (value) => (typeof value === 'string' ? (hexOf(value) ?? refusal) : refusal)
    case 'string':
      return stringDecoder(type.max, refusal)
    case 'list': {
      const elements = { inArrayText: decoderOf(type.of, 'array text'), inJson: decoderOf(type.of, 'json') }
      return listDecoder(elements, refusal, place === 'json')
    }
    case 'struct': {
      const fields = Object.entries(type.fields).map(([name, of]) => [name, decoderOf(of, 'json')] as const)
      return structDecoder(type, new Map(fields), refusal, place === 'json')
    }
  }
}

function isText(value: JsonValue): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/
const INTEGER = /^-?\d{1,20}$/
const FLOAT = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/

function article(type: ColumnType): string {
  switch (type.kind) {
    case 'bigint':
      return 'a 64-bit integer'
    case 'integer':
      return 'a 32-bit integer'
    case 'smallint':
      return 'a 16-bit integer'
    case 'double':
    case 'real':
      return `a number that a ${type.kind} holds exactly`
    case 'boolean':
      return 'true or false'
    case 'decimal':
      return 'a finite number'
    case 'date':
      return 'a day, YYYY-MM-DD, from year 1 to 9999'
    case 'timestamp':
    case 'timestampMicros':
      return 'an instant with its offset, from year 1 to 9999'
    case 'time':
      return 'a time of day, HH:MM:SS'
    case 'uuid':
      return 'a UUID'
    case 'enum':
      return type.unknown === 'keep' ? 'text of valid Unicode' : `one of ${type.values.join(', ')}`
    case 'json':
      return 'JSON'
    case 'binary':
      return 'bytes in hex'
    case 'string':
      return type.max === undefined ? 'text of valid Unicode' : `text of at most ${type.max} characters`
    case 'list':
      return type.of.kind === 'list' || type.of.kind === 'struct'
        ? 'a JSON array'
        : 'a one-dimensional array that starts at 1'
    case 'struct':
      return 'a JSON object'
  }
}

/**
 * The texts that stand for true and for false. DMS sends text unless `MapBooleanAsBoolean` is set on its source endpoint,
 * and not always the same: `true`, PostgreSQL's own `t`, or `1`.
 */
export const booleanTexts = { true: ['true', 't', '1'], false: ['false', 'f', '0'] } as const

/* A document has booleans of its own: only their names are read there. */
function booleanOf(value: JsonValue, place: Place): boolean | undefined {
  const text = typeof value === 'string' || place === 'json' ? value : numberText(value)
  const count = place === 'json' ? 1 : 3
  if (booleanTexts.true.slice(0, count).some((known) => known === text)) return true
  return booleanTexts.false.slice(0, count).some((known) => known === text) ? false : undefined
}

/** The digits of a number, wherever the source put them. */
export function numberText(value: JsonValue): string | undefined {
  if (typeof value === 'number') return String(value)
  if (value instanceof JsonNumber) return value.text
  return typeof value === 'string' && /^[+-]?\d/.test(value) ? value : undefined
}

function integerDecoder(
  min: bigint,
  max: bigint,
  refusal: Refusal,
  convert: (text: string) => CanonicalValue,
): Decode {
  return (value) => {
    if (typeof value === 'number' && value >= min && value <= max) return convert(String(value))
    const digits = numberText(value)
    const text = digits === undefined || INTEGER.test(digits) ? digits : fitDecimal(digits, 38, 0)
    if (text === undefined) return refusal
    const integer = BigInt(text)
    return integer < min || integer > max ? refusal : convert(String(integer))
  }
}

function floatDecoder(round: (value: number) => number, refusal: Refusal): Decode {
  return (value) => {
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return value
    const text = numberText(value)
    if (text === undefined || !FLOAT.test(text)) return refusal
    const float = round(Number(text))
    if (!Number.isFinite(float) || !holdsDigits(float, text, round)) return refusal
    return Object.is(float, -0) ? '-0' : float
  }
}

/* Every digit the source sent must be a digit of the float: 17 tell any double from its neighbours. */
function holdsDigits(float: number, text: string, round: (value: number) => number): boolean {
  const digits = significantDigits(text)
  if (digits === '') return float === 0
  if (digits.length > 17) return false
  const nearest = float.toPrecision(digits.length)
  if (significantDigits(nearest) === digits) return true
  /* Below a power of two floats lie closer: the nearest decimal of that length may already be another float's. */
  if (round(Number(nearest)) !== float) return true
  /* A float halfway between two decimals: PostgreSQL and printf take the even one, toPrecision the greater. */
  return significantDigits(float.toPrecision(100)) === `${digits}5`
}

function significantDigits(text: string): string {
  const [mantissa = ''] = text.split(/[eE]/, 1)
  return withoutTrailingZeros(mantissa.replace(/[^\d]/g, '').replace(/^0+/, ''))
}

function stringDecoder(max: number | undefined, refusal: Refusal): Decode {
  return (value) => {
    /* A number in a text column keeps the digits the source wrote. */
    const text = typeof value === 'string' ? value : numberText(value)
    if (text === undefined || !text.isWellFormed()) return refusal
    if (max !== undefined && text.length > max && [...text].length > max) return refusal
    return text
  }
}

function jsonText(value: JsonValue): string | undefined {
  if (typeof value !== 'string') {
    return isJsonObject(value) || Array.isArray(value) ? stringifyJson(value) : undefined
  }
  try {
    JSON.parse(value)
  } catch {
    return undefined
  }
  return value.isWellFormed() ? value : undefined
}

function hexOf(text: string): string | undefined {
  const hex = text.startsWith('0x') || text.startsWith('\\x') ? text.slice(2) : text
  return hex.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(hex) ? hex.toLowerCase() : undefined
}
