const QUOTE = 0x22
const BACKSLASH = 0x5c
const HEX = Buffer.from('0123456789abcdef')

/* Bytes that a JSON string needs beyond the byte itself. */
const EXTRA = new Uint8Array(256)
/* The letter after the backslash, where JSON has one. */
const SHORT = new Uint8Array(256)
EXTRA.fill(5, 0, 0x20)
for (const [code, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const) {
  EXTRA[code] = 1
  SHORT[code] = letter.charCodeAt(0)
}

const SMALL_COPY = 48
/* A larger slab was made for one record. */
const KEPT_BYTES = 4 << 20

/**
 * Writes records into slabs and hands each out as a view of its slab: no copy, one allocation for
 * many records. A slab lives as long as any record in it.
 */
export class ByteWriter {
  private slab: Buffer
  private start = 0
  private at = 0
  private readonly slabBytes: number

  constructor(slabBytes = 256 * 1024) {
    this.slabBytes = slabBytes
    this.slab = Buffer.allocUnsafeSlow(slabBytes)
  }

  /** Everything written since the last take, as one record. */
  take(): Buffer {
    const record = this.slab.subarray(this.start, this.at)
    this.start = this.at
    return record
  }

  /** What was written since the last take, as it lies now: of use until the next write. */
  view(): Buffer {
    return this.slab.subarray(this.start, this.at)
  }

  /** What was written behind a place, which is a `size` of before, as text of UTF-8. */
  since(place: number): string {
    return this.slab.toString('utf8', this.start + place, this.at)
  }

  /** Undoes what was written since the last take. The room that a large record needed is given back. */
  clear(): void {
    this.at = this.start
    if (this.slab.length <= Math.max(KEPT_BYTES, this.slabBytes)) return
    this.slab = Buffer.allocUnsafeSlow(this.slabBytes)
    this.start = 0
    this.at = 0
  }

  /** Bytes written since the last take. */
  get size(): number {
    return this.at - this.start
  }

  byte(value: number): void {
    if (this.at >= this.slab.length) this.grow(1)
    this.slab[this.at] = value
    this.at += 1
  }

  bytes(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start
    if (this.at + length > this.slab.length) this.grow(length)
    const { slab } = this
    if (length > SMALL_COPY) slab.set(source.subarray(start, end), this.at)
    else for (let i = start, to = this.at; i < end; i += 1, to += 1) slab[to] = source[i] ?? 0
    this.at += length
  }

  /** Text of ASCII characters only. */
  ascii(text: string): void {
    const { length } = text
    if (this.at + length > this.slab.length) this.grow(length)
    const { slab } = this
    let to = this.at
    for (let i = 0; i < length; i += 1, to += 1) slab[to] = text.charCodeAt(i)
    this.at = to
  }

  /** Any text, in UTF-8. */
  text(text: string): void {
    if (/^[ -~]*$/.test(text)) this.ascii(text)
    else this.bytes(Buffer.from(text))
  }

  /** A JSON string, quotes included, from UTF-8 bytes. */
  jsonString(source: Uint8Array, start: number, end: number): void {
    let size = end - start + 2
    for (let i = start; i < end; i += 1) size += EXTRA[source[i] ?? 0] ?? 0
    if (this.at + size > this.slab.length) this.grow(size)
    this.byte(QUOTE)
    if (size === end - start + 2) this.bytes(source, start, end)
    else this.escaped(source, start, end)
    this.byte(QUOTE)
  }

  /** A JSON string, quotes included. */
  jsonText(text: string): void {
    if (/^[ !#-[\]-~]*$/.test(text)) {
      this.byte(QUOTE)
      this.ascii(text)
      this.byte(QUOTE)
    } else {
      const bytes = Buffer.from(text)
      this.jsonString(bytes, 0, bytes.length)
    }
  }

  private escaped(source: Uint8Array, start: number, end: number): void {
    const { slab } = this
    let to = this.at
    for (let i = start; i < end; i += 1) {
      const code = source[i] ?? 0
      const extra = EXTRA[code] ?? 0
      if (extra === 0) {
        slab[to++] = code
        continue
      }
      slab[to++] = BACKSLASH
      if (extra === 1) {
        slab[to++] = SHORT[code] ?? 0
        continue
      }
      slab[to++] = 0x75
      slab[to++] = 0x30
      slab[to++] = 0x30
      slab[to++] = HEX[code >> 4] ?? 0
      slab[to++] = HEX[code & 15] ?? 0
    }
    this.at = to
  }

  /* The unfinished record moves to a fresh slab; finished ones keep the old slab alive. */
  private grow(needed: number): void {
    const open = this.at - this.start
    const slab = Buffer.allocUnsafeSlow(Math.max(this.slabBytes, (open + needed) * 2))
    this.slab.copy(slab, 0, this.start, this.at)
    this.slab = slab
    this.start = 0
    this.at = open
  }
}
