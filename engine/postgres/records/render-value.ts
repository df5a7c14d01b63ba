import type { ByteWriter } from '../../../core/bytes/byte-writer.ts'

/** Writes the text of one value, which PostgreSQL printed, as DMS's JSON. */
export type RenderValue = (out: ByteWriter, bytes: Buffer, start: number, end: number) => void

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const ZEROS = Buffer.from('000000')
const [QUOTE, DASH, COLON, DOT, BLANK, ZERO, NINE] = [0x22, 0x2d, 0x3a, 0x2e, 0x20, 0x30, 0x39]

const RENDERERS: ReadonlyMap<number, RenderValue> = new Map([
  [16, renderBoolean],
  [17, renderBinary],
  [20, renderInteger],
  [21, renderInteger],
  [23, renderInteger],
  [700, renderNumber],
  [701, renderNumber],
  [1042, renderPadded],
  [1114, renderTimestamp],
  [1184, renderTimestamp],
  [1700, renderNumber],
])

/** The renderer of a type, for a domain that of its base type. Types without one of their own are strings. */
export function renderValueOf(typeOid: number): RenderValue {
  return RENDERERS.get(typeOid) ?? renderString
}

function renderString(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  out.jsonString(bytes, start, end)
}

/* PostgreSQL's digits are JSON already: nothing is parsed, so nothing is rounded. */
function renderInteger(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  out.bytes(bytes, start, end)
}

/* NaN and the infinities end with a letter; they have no JSON number. */
function renderNumber(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  const last = bytes[end - 1] ?? 0
  if (last >= ZERO && last <= NINE) out.bytes(bytes, start, end)
  else out.jsonString(bytes, start, end)
}

function renderBoolean(out: ByteWriter, bytes: Buffer, start: number): void {
  out.bytes(bytes[start] === 0x74 ? TRUE : FALSE)
}

/* `\x48656c` without its `\x`. */
function renderBinary(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  out.jsonString(bytes, start + 2, end)
}

function renderPadded(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  let last = end
  while (last > start && bytes[last - 1] === BLANK) last -= 1
  out.jsonString(bytes, start, last)
}

/* `2024-07-29 00:58:44.8952[+00]` becomes `2024-07-29T00:58:44.895200Z`. Infinity, years before 1
   and after 9999 have no such form and stay as PostgreSQL prints them. */
function renderTimestamp(out: ByteWriter, bytes: Buffer, start: number, end: number): void {
  const plain =
    end - start >= 19 &&
    bytes[start + 4] === DASH &&
    bytes[start + 7] === DASH &&
    bytes[start + 10] === BLANK &&
    bytes[start + 13] === COLON &&
    bytes[start + 16] === COLON
  const fraction = start + 19
  let at = fraction
  if (plain && bytes[at] === DOT) {
    at += 1
    while (at < end && (bytes[at] ?? 0) >= ZERO && (bytes[at] ?? 0) <= NINE) at += 1
  }
  const isUtc = end - at === 3 && bytes[at] === 0x2b && bytes[at + 1] === ZERO && bytes[at + 2] === ZERO
  if (!plain || !(at === end || isUtc)) {
    out.jsonString(bytes, start, end)
    return
  }
  out.byte(QUOTE)
  out.bytes(bytes, start, start + 10)
  out.byte(0x54)
  out.bytes(bytes, start + 11, at)
  if (at > fraction) out.bytes(ZEROS, 0, 7 - (at - fraction))
  out.byte(0x5a)
  out.byte(QUOTE)
}
