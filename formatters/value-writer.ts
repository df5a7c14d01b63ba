import type { ByteWriter } from '../core/bytes/byte-writer.ts'
import { areDigits, dayAt, fractionOf, isDigit, timeAt } from '../core/bytes/time-bytes.ts'
import { isAt, valueKind } from '../core/bytes/value-reader.ts'
import { toMicrosText } from '../core/contract/value/temporal.ts'
import type { ColumnType } from '../core/contract/value/type.ts'

/** Where a value lies in the bytes of a line, and its `valueKind`; of a string without its quotes. */
export interface ValuePlace {
  readonly bytes: Buffer
  readonly kind: number
  readonly start: number
  readonly end: number
}

/**
 * Writes the canonical value, as JSON, of a value that is not null. False, and nothing written, for a form that it does not
 * know: the decoder of the type says then what the value is.
 */
export type WriteValue = (out: ByteWriter, value: ValuePlace) => boolean

const [QUOTE, MINUS, DOT, ZERO, T, Z, SPACE] = [0x22, 0x2d, 0x2e, 0x30, 0x54, 0x5a, 0x20]
const [COMMA, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x2c, 0x7b, 0x7d, 0x5b, 0x5d]
const { plain, escaped, number } = valueKind

/** The writer of a type, from bytes to bytes; undefined for a type that only its decoder knows. */
export function valueWriterOf(type: ColumnType): WriteValue | undefined {
  switch (type.kind) {
    /* With so many digits every number is one of the type; a longer one is the decoder's to say. */
    case 'bigint':
      return (out, value) => writeInteger(out, value, 18, true)
    case 'integer':
      return (out, value) => writeInteger(out, value, 9, false)
    case 'smallint':
      return (out, value) => writeInteger(out, value, 4, false)
    case 'decimal':
      return (out, value) => writeDecimal(out, value, type)
    /* With so few digits every decimal is the shortest text of its float. */
    case 'double':
      return (out, value) => writeFloat(out, value, 15, (float) => float)
    case 'real':
      return (out, value) => writeFloat(out, value, 6, Math.fround)
    case 'boolean':
      return writeBoolean
    case 'date':
      return writeDate
    case 'timestamp':
      return (out, value) => writeTimestamp(out, value, false)
    case 'timestampMicros':
      return (out, value) => writeTimestamp(out, value, true)
    case 'time':
      return writeTime
    case 'uuid':
      return writeUuid
    case 'enum':
      return type.unknown === 'keep' ? writeText : enumWriter(type.values)
    case 'string':
      return textWriter(type.max)
    case 'json':
      return writeJson
    case 'binary':
      return writeHex
    case 'list':
      return type.of.kind === 'string' && type.of.max === undefined ? writePlainTexts : undefined
    case 'struct':
      return undefined
  }
}

function writeInteger(
  out: ByteWriter,
  { bytes, kind, start, end }: ValuePlace,
  most: number,
  isText: boolean,
): boolean {
  const digits = bytes[start] === MINUS ? start + 1 : start
  if (kind !== number || end - digits > most || !areDigits(bytes, digits, end)) return false
  /* -0 is none. */
  if (digits > start && bytes[digits] === ZERO) return false
  if (isText) out.byte(QUOTE)
  out.bytes(bytes, start, end)
  if (isText) out.byte(QUOTE)
  return true
}

function writeDecimal(
  out: ByteWriter,
  { bytes, kind, start, end }: ValuePlace,
  { precision, scale }: { readonly precision: number; readonly scale: number },
): boolean {
  if (kind !== number) return false
  const digits = bytes[start] === MINUS ? start + 1 : start
  let point = digits
  while (point < end && isDigit(bytes[point])) point += 1
  const fraction = bytes[point] === DOT && point < end ? point + 1 : end
  if (fraction === end && point !== end) return false
  if (!areDigits(bytes, fraction, end) || end - fraction > scale) return false
  const whole = bytes[digits] === ZERO ? 0 : point - digits
  if (whole > precision - scale || (digits > start && isZero(bytes, digits, end))) return false
  out.byte(QUOTE)
  out.bytes(bytes, start, point)
  if (scale > 0) {
    out.byte(DOT)
    out.bytes(bytes, fraction, end)
    for (let missing = scale - (end - fraction); missing > 0; missing -= 1) out.byte(ZERO)
  }
  out.byte(QUOTE)
  return true
}

function writeFloat(
  out: ByteWriter,
  { bytes, kind, start, end }: ValuePlace,
  most: number,
  round: (value: number) => number,
): boolean {
  if (kind !== number || end - start > most) return false
  for (let at = start; at < end; at += 1) {
    const code = bytes[at]
    if (!isDigit(code) && code !== DOT && code !== MINUS) return false
  }
  const float = round(Number(bytes.toString('latin1', start, end)))
  if (float === 0 && bytes[start] === MINUS) return false
  out.ascii(String(float))
  return true
}

function writeBoolean(out: ByteWriter, { bytes, kind, start, end }: ValuePlace): boolean {
  if (kind !== valueKind.true && kind !== valueKind.false) return false
  out.bytes(bytes, start, end)
  return true
}

function writeDate(out: ByteWriter, value: ValuePlace): boolean {
  const { bytes, kind, start, end } = value
  if (kind !== plain || end - start !== 10 || dayAt(bytes, start) === undefined) return false
  return writeQuoted(out, value)
}

/* `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, as the replicator and DMS write it. */
function writeTimestamp(
  out: ByteWriter,
  { bytes, kind, start, end }: ValuePlace,
  isMicros: boolean,
): boolean {
  if (kind !== plain || end - start < 20 || bytes[end - 1] !== Z) return false
  const days = dayAt(bytes, start)
  if (days === undefined || (bytes[start + 10] !== T && bytes[start + 10] !== SPACE)) return false
  const time = timeAt(bytes, start + 11)
  const micros = fractionOf(bytes, start + 19, end - 1)
  if (time < 0 || micros < 0) return false
  const seconds = days * 86_400 + time
  if (isMicros) {
    out.byte(QUOTE)
    out.ascii(toMicrosText({ seconds, micros }))
    out.byte(QUOTE)
  } else out.ascii(String(seconds * 1_000 + Math.floor(micros / 1_000)))
  return true
}

function writeTime(out: ByteWriter, value: ValuePlace): boolean {
  const { bytes, kind, start, end } = value
  if (kind !== plain || end - start !== 8 || timeAt(bytes, start) < 0) return false
  return writeQuoted(out, value)
}

function writeUuid(out: ByteWriter, value: ValuePlace): boolean {
  const { bytes, kind, start, end } = value
  if (kind !== plain || end - start !== 36) return false
  for (let i = 0; i < 36; i += 1) {
    const code = bytes[start + i] ?? 0
    const isDash = i === 8 || i === 13 || i === 18 || i === 23
    if (isDash ? code !== MINUS : LOWER_HEX[code] !== 1) return false
  }
  return writeQuoted(out, value)
}

function enumWriter(values: readonly string[]): WriteValue {
  const known = values.map((text) => Buffer.from(text))
  return (out, value) => {
    const { bytes, kind, start, end } = value
    if (kind !== plain || !known.some((text) => text.length === end - start && isAt(text, bytes, start)))
      return false
    return writeQuoted(out, value)
  }
}

/* Characters are at most as many as bytes. */
function textWriter(max: number | undefined): WriteValue {
  if (max === undefined) return writeText
  return (out, value) => value.end - value.start <= max && writeText(out, value)
}

function writeText(out: ByteWriter, value: ValuePlace): boolean {
  return (value.kind === plain || value.kind === escaped) && writeQuoted(out, value)
}

function writeJson(out: ByteWriter, value: ValuePlace): boolean {
  const { bytes, kind, start, end } = value
  if (kind !== plain && kind !== escaped) return false
  try {
    const text: unknown =
      kind === plain
        ? bytes.toString('utf8', start, end)
        : JSON.parse(bytes.toString('utf8', start - 1, end + 1))
    JSON.parse(String(text))
  } catch {
    return false
  }
  return writeQuoted(out, value)
}

function writeHex(out: ByteWriter, value: ValuePlace): boolean {
  const { bytes, kind, start, end } = value
  if (kind !== plain || (end - start) % 2 !== 0) return false
  for (let at = start; at < end; at += 1) if (LOWER_HEX[bytes[at] ?? 0] !== 1) return false
  return writeQuoted(out, value)
}

/* `{a,b}`, its elements without quotes: letters and digits of ASCII and what joins them. NULL is no text. */
function writePlainTexts(out: ByteWriter, { bytes, kind, start, end }: ValuePlace): boolean {
  if (kind !== plain || bytes[start] !== OPEN || bytes[end - 1] !== CLOSE) return false
  if (!arePlainTexts(bytes, start + 1, end - 1)) return false
  out.byte(OPEN_LIST)
  for (let at = start + 1; at < end - 1; ) {
    let next = at
    while (next < end - 1 && bytes[next] !== COMMA) next += 1
    if (at > start + 1) out.byte(COMMA)
    out.byte(QUOTE)
    out.bytes(bytes, at, next)
    out.byte(QUOTE)
    at = next + 1
  }
  out.byte(CLOSE_LIST)
  return true
}

function arePlainTexts(bytes: Uint8Array, start: number, end: number): boolean {
  let first = start
  for (let at = start; at < end; at += 1) {
    const code = bytes[at] ?? 0
    if (code !== COMMA) {
      if (PLAIN_TEXT[code] !== 1) return false
      continue
    }
    if (!isPlainText(bytes, first, at)) return false
    first = at + 1
  }
  return start === end || isPlainText(bytes, first, end)
}

function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return false
  /* In upper and lower case alike. */
  const isNull =
    end - start === 4 && NULL_LETTERS.every((code, i) => ((bytes[start + i] ?? 0) | 0x20) === code)
  return !isNull
}

const PLAIN_TEXT = new Uint8Array(256)
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.')
  PLAIN_TEXT[letter.charCodeAt(0)] = 1
const NULL_LETTERS = [0x6e, 0x75, 0x6c, 0x6c]

function writeQuoted(out: ByteWriter, { bytes, start, end }: ValuePlace): true {
  out.bytes(bytes, start - 1, end + 1)
  return true
}

const LOWER_HEX = new Uint8Array(256)
for (const digit of '0123456789abcdef') LOWER_HEX[digit.charCodeAt(0)] = 1

/* Of a number that has digits and a point. */
function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== ZERO && bytes[at] !== DOT) return false
  return true
}
