const largest = 2 ** 31 - 1

/** Bytes that grow at the end; cleared and used again, never given away. Holds less than 2 GiB. */
export class ByteBuffer {
  bytes: Buffer
  length = 0

  constructor(capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Makes room for `count` more bytes, so that the caller may write to `bytes` directly. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    if (needed > largest) throw new RangeError('would pass 2 GiB in one row group')
    const grown = Buffer.allocUnsafeSlow(Math.min(largest, Math.max(needed, this.bytes.length * 2)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  /** An unsigned LEB128 of a non-negative safe integer. */
  varint(value: number): void {
    this.reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[this.length++] = rest
  }

  uint32(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeUInt32LE(value, this.length)
  }

  append(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  /** A view that the next write may change; no Buffer, whose `slice` would not copy. */
  view(from = 0, to = this.length): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + from, to - from)
  }

  clear(): void {
    this.length = 0
  }
}
