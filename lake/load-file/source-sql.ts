import { JsonNumber, type JsonObject, type JsonValue, parseJson } from '../../core/json.ts'
import { decimalText } from './decimal-text.ts'
import type { FileColumn, FileType } from './file-column.ts'
import { dayText, instantText } from './source-time.ts'

/** The text of a file's value as ASCII, of which `sourceValue` makes what the stream would have carried. */
export function transferSql({ type, ref }: FileColumn): string {
  switch (type.kind) {
    case 'text':
      /* As bytes: the client of DuckDB drops a U+FEFF in front of text. */
      return `base64(encode(${ref}))`
    case 'blob':
      return `lower(hex(${ref}))`
    case 'decimal':
      return decimalText(type, ref)
    case 'float':
      return `CAST(CAST(${ref} AS DOUBLE) AS VARCHAR)`
    case 'date':
      return `coalesce(CAST(datediff('day', DATE '1970-01-01', ${ref}) AS VARCHAR), CAST(${ref} AS VARCHAR))`
    case 'timestamp':
      return `coalesce(CAST(epoch_us(${ref}) AS VARCHAR), CAST(${ref} AS VARCHAR))`
    default:
      return `CAST(${ref} AS VARCHAR)`
  }
}

/** A row as the stream's JSON dialect carries it, out of its transfer texts in the order of the columns. */
export function sourceRow(columns: readonly FileColumn[], texts: readonly JsonValue[]): JsonObject {
  return Object.fromEntries(
    columns.map(({ name, type }, index) => {
      const text = texts[index]
      return [name, typeof text === 'string' ? sourceValue(type, text) : null]
    }),
  )
}

function sourceValue({ kind }: FileType, text: string): JsonValue {
  switch (kind) {
    case 'text':
      return Buffer.from(text, 'base64').toString('utf8')
    case 'int':
    case 'decimal':
      return parseJson(text)
    case 'number':
      /* NaN and the infinities end with a letter; they have no JSON number. */
      return /\d$/.test(text) ? parseJson(text) : text
    case 'double':
      return floatValue(text, (value) => value, 15)
    case 'float':
      return floatValue(text, Math.fround, 6)
    case 'boolean':
      return text === 'true'
    case 'date':
      return dayText(text)
    case 'timestamp':
      return instantText(text)
    case 'time':
    case 'uuid':
    case 'blob':
      return text
  }
}

const WORDS: Readonly<Record<string, string>> = {
  nan: 'NaN',
  /* The sign of a NaN says nothing. */
  '-nan': 'NaN',
  inf: 'Infinity',
  '-inf': '-Infinity',
}

/* PostgreSQL's text: the fewest digits that tell the float from its neighbours, an exponent from 15 (real: 6) digits on. */
function floatValue(text: string, round: (value: number) => number, plainDigits: number): JsonValue {
  const word = WORDS[text.replace('infinity', 'inf')]
  if (word !== undefined) return word
  const value = Number(text)
  const [mantissa = '0', power = '0'] = shortest(value, round).split('e')
  const exponent = Number(power)
  const sign = mantissa.startsWith('-') || Object.is(value, -0) ? '-' : ''
  const digits = mantissa.replace(/[-.]/g, '')
  return new JsonNumber(`${sign}${placed(digits, exponent, plainDigits)}`)
}

function shortest(value: number, round: (value: number) => number): string {
  if (round === Math.fround)
    for (let digits = 0; digits < 9; digits += 1) {
      const short = value.toExponential(digits)
      if (round(Number(short)) === value) return short
    }
  return value.toExponential()
}

function placed(digits: string, exponent: number, plainDigits: number): string {
  if (exponent < -4 || exponent >= plainDigits) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    const power = String(Math.abs(exponent)).padStart(2, '0')
    return `${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return fraction === '' ? whole : `${whole}.${fraction}`
}
