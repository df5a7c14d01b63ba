import type { ParquetValue } from './field.ts'
import { FixedStore, mix } from './fixed-store.ts'
import type { Bounds } from './value-store.ts'

/** FLOAT and DOUBLE values. Equality is of bits, so -0 and 0 stay apart. */
abstract class FloatingStore extends FixedStore {
  protected abstract numberAt(at: number): number

  protected compare(a: number, b: number): number {
    const left = this.numberAt(a)
    const right = this.numberAt(b)
    return left < right ? -1 : left > right ? 1 : 0
  }

  /** None when a NaN is among the values; a zero bound is -0 as minimum and +0 as maximum (parquet.thrift). */
  override bounds(positions: Int32Array | undefined): Bounds | undefined {
    const total = positions?.length ?? this.count
    for (let index = 0; index < total; index++) {
      if (Number.isNaN(this.numberAt(positions === undefined ? index : (positions[index] ?? 0))))
        return undefined
    }
    const found = super.bounds(positions)
    if (found?.min && isZero(found.min)) found.min[found.min.length - 1] = 0x80
    if (found?.max && isZero(found.max)) found.max[found.max.length - 1] = 0
    return found
  }
}

export class FloatStore extends FloatingStore {
  #floats = new Float32Array(this.bytes.buffer)

  constructor() {
    super(4)
  }

  /** Rounds to the nearest float, which is what the text of a float means; refuses what only overflow or underflow would hold. */
  push(value: ParquetValue): number {
    if (typeof value !== 'number') throw new RangeError('must be a number')
    const rounded = Math.fround(value)
    if ((Number.isFinite(value) && !Number.isFinite(rounded)) || (rounded === 0 && value !== 0))
      throw new RangeError('must be in the range of a 32-bit float')
    if (this.count === this.capacity) this.grow()
    this.#floats[this.count++] = rounded
    return 4
  }

  hash(hashes: Int32Array): void {
    const { words, count } = this
    for (let at = 0; at < count; at++) hashes[at] = mix(words[at] ?? 0)
  }

  equal(a: number, b: number): boolean {
    return this.words[a] === this.words[b]
  }

  protected numberAt(at: number): number {
    return this.#floats[at] ?? 0
  }

  protected override grew(): void {
    this.#floats = new Float32Array(this.bytes.buffer)
  }
}

export class DoubleStore extends FloatingStore {
  #doubles = new Float64Array(this.bytes.buffer)

  constructor() {
    super(8)
  }

  push(value: ParquetValue): number {
    if (typeof value !== 'number') throw new RangeError('must be a number')
    if (this.count === this.capacity) this.grow()
    this.#doubles[this.count++] = value
    return 8
  }

  hash(hashes: Int32Array): void {
    const { words, count } = this
    for (let at = 0; at < count; at++)
      hashes[at] = mix(Math.imul(words[at * 2 + 1] ?? 0, 0x9e3779b1) ^ (words[at * 2] ?? 0))
  }

  equal(a: number, b: number): boolean {
    return this.words[a * 2] === this.words[b * 2] && this.words[a * 2 + 1] === this.words[b * 2 + 1]
  }

  protected numberAt(at: number): number {
    return this.#doubles[at] ?? 0
  }

  protected override grew(): void {
    this.#doubles = new Float64Array(this.bytes.buffer)
  }
}

function isZero(bytes: Uint8Array): boolean {
  const last = bytes.length - 1
  return bytes.every((byte, at) => byte === 0 || (at === last && byte === 0x80))
}
