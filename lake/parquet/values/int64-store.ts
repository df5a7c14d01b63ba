import { DecimalDigits } from './decimal-digits.ts'
import type { ParquetValue } from './field.ts'
import { FixedStore, mix } from './fixed-store.ts'

const two32 = 2 ** 32
const two16 = 2 ** 16
const billion = 1e9
const refusal = 'must be a 64-bit integer: a safe number, a bigint or digits'

/** INT64 values, kept as pairs of 32-bit words, low first: no bigint is made for a number or for text. */
export class Int64Store extends FixedStore {
  protected readonly digits = new DecimalDigits()

  constructor() {
    super(8)
  }

  push(value: ParquetValue): number {
    if (this.count === this.capacity) this.grow()
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw new RangeError(refusal)
      this.setNumber(value)
    } else if (typeof value === 'bigint') {
      if (BigInt.asIntN(64, value) !== value) throw new RangeError(refusal)
      this.words[this.count * 2] = Number(BigInt.asIntN(32, value))
      this.words[this.count * 2 + 1] = Number(value >> 32n)
    } else {
      if (typeof value !== 'string' || value.includes('.') || !this.digits.parse(value, 19, 0))
        throw new RangeError(refusal)
      if (!this.setDigits()) throw new RangeError(refusal)
    }
    this.count++
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

  protected compare(a: number, b: number): number {
    const { words } = this
    const high = (words[a * 2 + 1] ?? 0) - (words[b * 2 + 1] ?? 0)
    return high !== 0 ? high : ((words[a * 2] ?? 0) >>> 0) - ((words[b * 2] ?? 0) >>> 0)
  }

  /** Puts a safe integer at the end, not counting it yet. */
  protected setNumber(value: number): void {
    const { words } = this
    const at = this.count * 2
    words[at] = value
    words[at + 1] = (value | 0) === value ? value >> 31 : Math.floor(value / two32)
  }

  /**
   * Puts the parsed digits at the end, not counting them yet; false when they pass 64 bits.
   * `top` has at most 10 digits, so every product below stays under 2^53.
   */
  protected setDigits(): boolean {
    const { limbs, negative } = this.digits
    const top = (limbs[2] ?? 0) * billion + (limbs[1] ?? 0)
    const topHigh = Math.floor(top / two16)
    const low48 = (top - topHigh * two16) * billion + (limbs[0] ?? 0)
    const shifted = topHigh * billion
    const shiftedHigh = Math.floor(shifted / two16)
    const lowSum = low48 + (shifted - shiftedHigh * two16) * two16
    const carry = Math.floor(lowSum / two32)
    const low = lowSum - carry * two32
    const high = shiftedHigh + carry
    if (high >= 2 ** 31 && !(negative && high === 2 ** 31 && low === 0)) return false
    this.words[this.count * 2] = negative ? -low : low
    this.words[this.count * 2 + 1] = negative ? (low === 0 ? -high : -high - 1) : high
    return true
  }
}

/** Decimals of 10 to 18 digits. */
export class Decimal64Store extends Int64Store {
  readonly #precision: number
  readonly #scale: number

  constructor(precision: number, scale: number) {
    super()
    this.#precision = precision
    this.#scale = scale
  }

  override push(value: ParquetValue): number {
    if (typeof value !== 'string') throw this.#refusal()
    if (this.count === this.capacity) this.grow()
    const short = DecimalDigits.short(value, this.#precision, this.#scale)
    if (Number.isNaN(short)) {
      if (!this.digits.parse(value, this.#precision, this.#scale)) throw this.#refusal()
      this.setDigits()
    } else {
      this.setNumber(short)
    }
    this.count++
    return 8
  }

  #refusal(): RangeError {
    return new RangeError(`must be text that fits decimal(${this.#precision},${this.#scale})`)
  }
}
