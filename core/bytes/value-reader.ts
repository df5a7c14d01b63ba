const [QUOTE, MINUS, DOT, ZERO, NINE, BACKSLASH] = [0x22, 0x2d, 0x2e, 0x30, 0x39, 0x5c]
const [LOWER_E, UPPER_E, PLUS, LOWER_U] = [0x65, 0x45, 0x2b, 0x75]

/** What a value is, by its bytes. */
export const valueKind = {
  /** Between its quotes, without a backslash. */
  plain: 1,
  /** Between its quotes, with escapes as `JSON.stringify` writes them: its bytes are those that it would write. */
  escaped: 2,
  /** Between its quotes, with an escape of another form. */
  odd: 3,
  number: 4,
  true: 5,
  false: 6,
  null: 7,
  /** An array or an object: found, and not looked into. */
  nested: 8,
} as const

/**
 * Where the values of something that was read lie, and what each is: scalars of JSON, whose syntax is checked as they are read.
 * UTF-8 is the caller's to check.
 */
export abstract class ValueReader {
  private places = new Int32Array(128)
  private kinds = new Uint8Array(64)

  /** `valueKind` of a value of what was read last. */
  kind(index: number): number {
    return this.kinds[index] ?? 0
  }

  /** Where its value begins: of a string behind the quote. */
  start(index: number): number {
    return this.places[2 * index] ?? 0
  }

  /** Where its value ends: of a string before the quote. */
  end(index: number): number {
    return this.places[2 * index + 1] ?? 0
  }

  /** A value as JSON, of the bytes that were read. */
  json(index: number, bytes: Buffer): string {
    const quote = this.kind(index) <= valueKind.odd ? 1 : 0
    return bytes.toString('utf8', this.start(index) - quote, this.end(index) + quote)
  }

  private grow(): void {
    const places = new Int32Array(this.places.length * 2)
    places.set(this.places)
    const kinds = new Uint8Array(this.kinds.length * 2)
    kinds.set(this.kinds)
    this.places = places
    this.kinds = kinds
  }

  /* Gives the place after the value, or -1. */
  protected value(index: number, bytes: Uint8Array, at: number): number {
    const code = bytes[at] ?? 0
    if (code === QUOTE) return this.string(index, bytes, at + 1)
    if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = numberEnd(bytes, at)
      return end < 0 ? -1 : this.keep(index, valueKind.number, at, end)
    }
    if (isAt(NULL, bytes, at)) return this.keep(index, valueKind.null, at, at + 4)
    if (isAt(TRUE, bytes, at)) return this.keep(index, valueKind.true, at, at + 4)
    if (isAt(FALSE, bytes, at)) return this.keep(index, valueKind.false, at, at + 5)
    return -1
  }

  private string(index: number, bytes: Uint8Array, start: number): number {
    const { length } = bytes
    for (let at = start; at < length; at += 1) {
      const code = bytes[at] ?? 0
      if (code === QUOTE) return this.keep(index, valueKind.plain, start, at) + 1
      if (code === BACKSLASH) return this.escaped(index, bytes, start, at)
      if (code < 0x20) return -1
    }
    return -1
  }

  private escaped(index: number, bytes: Uint8Array, start: number, first: number): number {
    const { length } = bytes
    let kind: number = valueKind.escaped
    for (let at = first; at < length; at += 1) {
      const code = bytes[at] ?? 0
      if (code === QUOTE) return this.keep(index, kind, start, at) + 1
      if (code < 0x20) return -1
      if (code !== BACKSLASH) continue
      at += 1
      const letter = bytes[at] ?? 0
      if (letter === LOWER_U) {
        for (let i = 1; i <= 4; i += 1) if (HEX[bytes[at + i] ?? 0] === 0) return -1
        if (!isControl(bytes, at + 1)) kind = valueKind.odd
        at += 4
      } else if (letter === 0x2f) kind = valueKind.odd
      else if (SHORT[letter] === 0) return -1
    }
    return -1
  }

  protected keep(index: number, kind: number, start: number, end: number): number {
    if (index >= this.kinds.length) this.grow()
    this.kinds[index] = kind
    this.places[2 * index] = start
    this.places[2 * index + 1] = end
    return end
  }
}

const NULL = Buffer.from('null')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const HEX = flags('0123456789abcdefABCDEF')
const SHORT = flags('"\\bfnrt')
/* The control characters that `JSON.stringify` writes as a number: those without a letter. */
const NUMBERED = new Set(
  Array.from({ length: 0x20 }, (_, code) => JSON.stringify(String.fromCharCode(code)).slice(3, -1)).filter(
    (digits) => digits.length === 4,
  ),
)

function flags(letters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const letter of letters) table[letter.charCodeAt(0)] = 1
  return table
}

function isControl(bytes: Uint8Array, at: number): boolean {
  return NUMBERED.has(String.fromCharCode(...bytes.subarray(at, at + 4)))
}

/** Whether a text stands at a place. */
export function isAt(text: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (bytes[at + i] !== text[i]) return false
  return true
}

/* Where a JSON number ends, or -1. */
function numberEnd(bytes: Uint8Array, start: number): number {
  const digits = bytes[start] === MINUS ? start + 1 : start
  let at = digitsEnd(bytes, digits)
  if (at === digits || (bytes[digits] === ZERO && at > digits + 1)) return -1
  if (bytes[at] === DOT) {
    const end = digitsEnd(bytes, at + 1)
    if (end === at + 1) return -1
    at = end
  }
  if (bytes[at] !== LOWER_E && bytes[at] !== UPPER_E) return at
  const sign = bytes[at + 1]
  const exponent = sign === PLUS || sign === MINUS ? at + 2 : at + 1
  const end = digitsEnd(bytes, exponent)
  return end === exponent ? -1 : end
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start
  for (;;) {
    const code = bytes[at] ?? 0
    if (code < ZERO || code > NINE) return at
    at += 1
  }
}
