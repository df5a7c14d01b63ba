import { DecimalDigits } from './decimal-digits.ts'
import type { ParquetValue } from './field.ts'
import { FixedStore } from './fixed-store.ts'

/** The bytes that a signed integer of `precision` digits needs. */
export function decimalWidth(precision: number): number {
  let width = 1
  while (2n ** BigInt(8 * width - 1) < 10n ** BigInt(precision)) width++
  return width
}

/** Decimals of 19 to 38 digits: FIXED_LEN_BYTE_ARRAY, two's complement, high byte first. */
export class Decimal128Store extends FixedStore {
  readonly #digits = new DecimalDigits()
  readonly #precision: number
  readonly #scale: number
  /** The magnitude as eight 16-bit parts, lowest first: a part times 10^9 is exact in a double. */
  readonly #parts = new Float64Array(8)

  constructor(precision: number, scale: number) {
    super(decimalWidth(precision))
    this.#precision = precision
    this.#scale = scale
  }

  push(value: ParquetValue): number {
    if (typeof value !== 'string' || !this.#digits.parse(value, this.#precision, this.#scale))
      throw new RangeError(`must be text that fits decimal(${this.#precision},${this.#scale})`)
    if (this.count === this.capacity) this.grow()
    this.#toParts()
    const { width, bytes } = this
    const start = this.count * width
    let borrow = this.#digits.negative ? 1 : 0
    for (let index = 0; index < width; index++) {
      const part = this.#parts[index >> 1] ?? 0
      let byte = (index & 1) === 0 ? part & 0xff : part >> 8
      if (this.#digits.negative) {
        byte = (byte ^ 0xff) + borrow
        borrow = byte >> 8
      }
      bytes[start + width - 1 - index] = byte
    }
    this.count++
    return width
  }

  hash(hashes: Int32Array): void {
    const { bytes, width, count } = this
    for (let at = 0; at < count; at++) {
      let hash = 0
      for (let index = at * width; index < (at + 1) * width; index++)
        hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193)
      hashes[at] = hash ^ (hash >>> 15)
    }
  }

  equal(a: number, b: number): boolean {
    return this.compare(a, b) === 0
  }

  protected compare(a: number, b: number): number {
    const { bytes, width } = this
    for (let index = 0; index < width; index++) {
      const left = bytes[a * width + index] ?? 0
      const right = bytes[b * width + index] ?? 0
      // The first byte has the sign.
      if (left !== right) return index === 0 ? ((left << 24) >> 24) - ((right << 24) >> 24) : left - right
    }
    return 0
  }

  #toParts(): void {
    const parts = this.#parts
    const { limbs } = this.#digits
    parts.fill(0)
    for (let limb = limbs.length - 1; limb >= 0; limb--) {
      let carry = limbs[limb] ?? 0
      for (let index = 0; index < parts.length; index++) {
        const sum = (parts[index] ?? 0) * 1e9 + carry
        carry = Math.floor(sum / 65536)
        parts[index] = sum - carry * 65536
      }
    }
  }
}
