import type { ByteBuffer } from './byte-buffer.ts'
import type { ParquetValue } from './field.ts'
import { FixedStore } from './fixed-store.ts'

/** One byte for each boolean in memory, one bit in the file. */
export class BooleanStore extends FixedStore {
  override readonly hashable = false

  constructor() {
    super(1)
  }

  push(value: ParquetValue): number {
    if (typeof value !== 'boolean') throw new RangeError('must be a boolean')
    if (this.count === this.capacity) this.grow()
    this.bytes[this.count++] = value ? 1 : 0
    return 1
  }

  override plainSize(from: number, to: number): number {
    return Math.ceil((to - from) / 8)
  }

  override writePlain(out: ByteBuffer, from: number, to: number): void {
    const { bytes } = this
    for (let start = from; start < to; start += 8) {
      const size = Math.min(8, to - start)
      let packed = 0
      for (let bit = 0; bit < size; bit++) packed |= (bytes[start + bit] ?? 0) << bit
      out.byte(packed)
    }
  }

  hash(): void {}

  equal(a: number, b: number): boolean {
    return this.bytes[a] === this.bytes[b]
  }

  protected compare(a: number, b: number): number {
    return (this.bytes[a] ?? 0) - (this.bytes[b] ?? 0)
  }
}
