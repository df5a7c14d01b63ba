import type { CanonicalValue } from '../../block.ts'
import { JsonNumber, type JsonValue, stringifyJson } from '../../json.ts'
import { type Decode, decoderOf, numberText } from '../value/canonical.ts'
import { compareDecimals, plainDecimal } from '../value/decimal.ts'
import { Refusal } from '../value/refusal.ts'
import { canonicalText } from '../value/row-value.ts'
import type { ColumnType } from '../value/type.ts'
import type { Column } from './column.ts'
import type { OutOfRangePolicy } from './column-options.ts'

/** Where a value that does not fit lies: under or over everything that does, or between. */
type Side = 'low' | 'high' | 'other'

/**
 * The decoder of a column: that of its type, then what the contract states for values beyond it (G6: nothing is altered
 * that the contract does not say). Null comes out only where the contract says `beyond: 'null'`.
 */
export function columnDecoder(column: Column): Decode {
  const { type, beyond } = column
  const decode = decoderOf(type)
  const sideOfBounds = boundSides(column)
  switch (beyond) {
    case undefined:
      return decode
    case 'text':
      return (value) => {
        const decoded = decode(value)
        const fits = !(decoded instanceof Refusal) && sideOfBounds(decoded) === undefined
        return fits ? canonicalText(type, decoded) : (sourceText(value) ?? TEXT)
      }
    case 'null':
    case 'clamp': {
      const { low, high } = limitsOf(column)
      return (value) => {
        const decoded = decode(value)
        const side = decoded instanceof Refusal ? sideOf(type, value) : sideOfBounds(decoded)
        if (side === undefined) return decoded
        if (beyond === 'null') return null
        return (side === 'low' ? low : side === 'high' ? high : undefined) ?? decoded
      }
    }
  }
}

const TEXT = new Refusal('must be text of valid Unicode')

/** Whether a type has values that a rule can apply to; `null` and `clamp` need an order of their own. */
export function takesPolicy(type: ColumnType, beyond: OutOfRangePolicy): boolean {
  switch (type.kind) {
    case 'json':
    case 'enum':
    case 'list':
    case 'struct':
      return beyond === 'quarantine'
    case 'string':
      return type.max === undefined ? beyond === 'quarantine' : beyond !== 'clamp'
    case 'boolean':
    case 'time':
    case 'uuid':
    case 'binary':
      return beyond === 'quarantine' || beyond === 'text'
    default:
      return true
  }
}

/** The least and the greatest value of a column that is clamped; undefined where a bound is no value of its type. */
export function limitsOf({ type, min, max }: Column): {
  readonly low: CanonicalValue | undefined
  readonly high: CanonicalValue | undefined
} {
  const [least, most] = LIMITS[type.kind]?.(type) ?? []
  const decode = decoderOf(type)
  const limit = (bound: number | undefined, text: string | undefined) => {
    const value = bound === undefined ? text : boundText(type, bound)
    const decoded = value === undefined ? undefined : decode(value)
    return decoded instanceof Refusal ? undefined : decoded
  }
  return { low: limit(min, least), high: limit(max, most) }
}

/** The side of a canonical value that is outside of the column's bounds; undefined for one inside. */
export function boundSides({ type, min, max }: Column): (value: CanonicalValue) => Side | undefined {
  const least = min === undefined ? undefined : boundText(type, min)
  const most = max === undefined ? undefined : boundText(type, max)
  if (least === undefined && most === undefined) return () => undefined
  return (value) => {
    const text = String(value)
    if (text === 'NaN') return 'other'
    if (text === 'Infinity') return most === undefined ? undefined : 'high'
    if (text === '-Infinity') return least === undefined ? undefined : 'low'
    const plain = plainDecimal(text)
    if (plain === undefined) return undefined
    if (least !== undefined && compareDecimals(plain, least) < 0) return 'low'
    return most !== undefined && compareDecimals(plain, most) > 0 ? 'high' : undefined
  }
}

/* The bound of a `real` as a real: 0.1 is at most 0.1 there too. */
function boundText(type: ColumnType, bound: number): string {
  const text = String(type.kind === 'real' ? Math.fround(bound) : bound)
  return plainDecimal(text) ?? text
}

/* As the source writes them: both ends of every type that can be clamped. */
const LIMITS: Readonly<Partial<Record<ColumnType['kind'], (type: ColumnType) => readonly [string, string]>>> =
  {
    bigint: () => ['-9223372036854775808', '9223372036854775807'],
    integer: () => ['-2147483648', '2147483647'],
    smallint: () => ['-32768', '32767'],
    double: () => ['-1.7976931348623157e308', '1.7976931348623157e308'],
    real: () => ['-3.4028234663852886e38', '3.4028234663852886e38'],
    decimal: (type) => {
      const { precision, scale } = type.kind === 'decimal' ? type : { precision: 1, scale: 0 }
      const whole = '9'.repeat(precision - scale) || '0'
      const most = scale === 0 ? whole : `${whole}.${'9'.repeat(scale)}`
      return [`-${most}`, most]
    },
    date: () => ['0001-01-01', '9999-12-31'],
    timestamp: () => ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
    timestampMicros: () => ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
  }

/* The side of a source value that the type refused; undefined for one of another kind. */
function sideOf(type: ColumnType, value: JsonValue): Side | undefined {
  const limits = LIMITS[type.kind]?.(type)
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
    case 'decimal':
    case 'double':
    case 'real':
      return limits === undefined ? undefined : numberSide(value, limits)
    case 'date':
    case 'timestamp':
    case 'timestampMicros':
      return typeof value === 'string' ? temporalSide(value) : undefined
    case 'string':
      return typeof value === 'string' && value.isWellFormed() ? 'other' : undefined
    default:
      return undefined
  }
}

function numberSide(value: JsonValue, [least, most]: readonly [string, string]): Side | undefined {
  if (value === 'NaN') return 'other'
  if (value === 'Infinity') return 'high'
  if (value === '-Infinity') return 'low'
  const plain = plainDecimal(numberText(value) ?? '')
  if (plain === undefined) return undefined
  if (compareDecimals(plain, plainDecimal(least) ?? least) < 0) return 'low'
  return compareDecimals(plain, plainDecimal(most) ?? most) > 0 ? 'high' : 'other'
}

/* PostgreSQL's text, of days and of instants: five digits of a year and more, BC, and the infinities. */
const DISTANT =
  /^(\d{4,6})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-]\d{2}(?::?\d{2}){0,2})?)?( BC)?$/

function temporalSide(text: string): Side | undefined {
  if (text === 'infinity') return 'high'
  if (text === '-infinity') return 'low'
  const [, year, era] = DISTANT.exec(text) ?? []
  if (year === undefined) return undefined
  if (era !== undefined || year === '0000') return 'low'
  if (year.length > 4) return 'high'
  /* With four digits only an offset leads out of the years; anything else is another fault. */
  const offset = /[+-](?=\d{2}(?::?\d{2}){0,2}$)/.exec(text.slice(19))?.[0]
  if (text.startsWith('0001-01-01') && offset === '+') return 'low'
  return text.startsWith('9999-12-31') && offset === '-' ? 'high' : undefined
}

/* What the source wrote, or undefined for text that is no Unicode. */
function sourceText(value: JsonValue): string | undefined {
  const text =
    typeof value === 'string' ? value : value instanceof JsonNumber ? value.text : stringifyJson(value)
  return text.isWellFormed() ? text : undefined
}
