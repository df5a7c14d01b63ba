import { parseArrayText } from '../../../core/contract/value/array-text.ts'
import { compareDecimals, plainDecimal } from '../../../core/contract/value/decimal.ts'
import { isoOfMillis, parseTimestamp, toMillis } from '../../../core/contract/value/temporal.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import {
  field,
  isJsonObject,
  JsonNumber,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../../../core/json.ts'

/** What `floatText` makes of every NaN. */
export const NAN_BITS = '7ff8000000000000'

/** What `floatText` makes of both zeros. */
const ZEROS = { plain: '0000000000000000', negative: '8000000000000000' }

/**
 * The SQL, for either engine, of a column's text in a key, made of its comparison text: engines take 0 and -0 for one key,
 * so a key has one text for both. The row's text tells them apart.
 */
export function keySqlOf(sql: string, { kind }: ColumnType): string {
  return isFloat(kind) ? `replace(${sql}, '${ZEROS.negative}', '${ZEROS.plain}')` : sql
}

/** The same in this process. */
export function keyTextOfColumn(text: string, { kind }: ColumnType): string {
  return isFloat(kind) && text === ZEROS.negative ? ZEROS.plain : text
}

function isFloat(kind: ColumnType['kind']): boolean {
  return kind === 'double' || kind === 'real'
}

/**
 * The comparison text of a list or a struct, made of the text that PostgreSQL prints of an array or of jsonb: its members
 * in order, each framed (see `frame`). What fits no type is marked with !, which the lake's text never starts with, so it
 * shows as different. Written apart from the row codec, which is being checked.
 */
export function nestedText(type: ColumnType): (text: string) => string {
  return (text) => {
    const json = jsonOf(text)
    if (json !== undefined && (type.kind === 'struct' ? isJsonObject(json) : Array.isArray(json)))
      return inJson(json, type)
    const elements = type.kind === 'list' ? parseArrayText(text) : undefined
    if (type.kind !== 'list' || elements === undefined) return `!${text}`
    return elements.map((element) => frame(element === null ? null : inArrayText(element, type.of))).join('')
  }
}

/** A member in the text of what holds it: `-` for null, else `=` and its text; a comma ends it, one inside is escaped. */
export function frame(text: string | null): string {
  return text === null ? '-,' : `=${text.replaceAll('\\', '\\\\').replaceAll(',', '\\,')},`
}

function inArrayText(text: string, type: ColumnType): string {
  switch (type.kind) {
    case 'list':
    case 'struct':
      return nestedText(type)(text)
    case 'boolean':
      return text === 't' ? 'true' : text === 'f' ? 'false' : `!${text}`
    case 'binary':
      return text.replace(/^\\x/, '')
    case 'json':
      return text
    default:
      return scalarText(text, type)
  }
}

function inJson(value: JsonValue, type: ColumnType): string {
  switch (type.kind) {
    case 'list':
      return isJsonArray(value) ? value.map((one) => member(one, type.of)).join('') : broken(value)
    case 'struct':
      if (!isJsonObject(value)) return broken(value)
      return Object.entries(type.fields)
        .map(([name, of]) => member(field(value, of.from ?? name) ?? null, of))
        .join('')
    case 'json':
      return stringifyJson(value)
    default:
      if (value instanceof JsonNumber) return scalarText(value.text, type)
      return typeof value === 'object' ? broken(value) : scalarText(String(value), type)
  }
}

function member(value: JsonValue, type: ColumnType): string {
  return frame(value === null ? null : inJson(value, type))
}

function broken(value: JsonValue): string {
  return `!${stringifyJson(value)}`
}

function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function scalarText(text: string, type: ColumnType): string {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return atScale(text, 0)
    case 'decimal':
      return atScale(text, type.scale)
    case 'double':
      return floatText(Number(text))
    case 'real':
      return floatText(Math.fround(Number(text)))
    case 'timestamp': {
      const instant = parseTimestamp(text)
      return instant === undefined ? `!${text}` : instantText(isoOfMillis(toMillis(instant)))
    }
    case 'time':
      return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
    case 'uuid':
      return text.toLowerCase()
    case 'binary':
      return text.replace(/^(\\x|0x)/, '').toLowerCase()
    default:
      return text
  }
}

/* The digits of the number at a scale; a number with more decimals keeps them, and so differs. */
function atScale(text: string, scale: number): string {
  const plain = plainDecimal(text)
  if (plain === undefined) return `!${text}`
  const [whole = '', decimals = ''] = plain.replace(/^-/, '').split('.')
  if (/[1-9]/.test(decimals.slice(scale))) return `!${text}`
  const digits = `${whole.replace(/^0+(?=\d)/, '')}${scale === 0 ? '' : `.${decimals.slice(0, scale).padEnd(scale, '0')}`}`
  return compareDecimals(plain, '0') < 0 ? `-${digits}` : digits
}

/** ISO 8601 text in UTC as the comparison writes instants. */
export function instantText(iso: string): string {
  return iso.replace('T', ' ').replace(/Z$/, '')
}

/** The 8 bytes of a float, most significant first, in hex: the decimal texts of the engines differ in the last digits they print. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return NAN_BITS
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}

function jsonOf(text: string): JsonValue | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
