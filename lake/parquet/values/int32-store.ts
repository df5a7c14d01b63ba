import { DecimalDigits } from './decimal-digits.ts'
import type { ParquetValue } from './field.ts'
import { FixedStore, mix } from './fixed-store.ts'

/** INT32 values: integers of a range, which defaults to the whole type. */
export class Int32Store extends FixedStore {
  readonly #min: number
  readonly #max: number

  constructor(min = -(2 ** 31), max = 2 ** 31 - 1) {
    super(4)
    this.#min = min
    this.#max = max
  }

  push(value: ParquetValue): number {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < this.#min || value > this.#max)
      throw new RangeError(`must be an integer from ${this.#min} to ${this.#max}`)
    if (this.count === this.capacity) this.grow()
    this.words[this.count++] = value
    return 4
  }

  hash(hashes: Int32Array): void {
    const { words, count } = this
    for (let at = 0; at < count; at++) hashes[at] = mix(words[at] ?? 0)
  }

  equal(a: number, b: number): boolean {
    return this.words[a] === this.words[b]
  }

  protected compare(a: number, b: number): number {
    return (this.words[a] ?? 0) - (this.words[b] ?? 0)
  }
}

/** Decimals of up to 9 digits. */
export class Decimal32Store extends Int32Store {
  readonly #digits = new DecimalDigits()
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
    this.words[this.count] = Number.isNaN(short) ? this.#parse(value) : short
    this.count++
    return 4
  }

  #parse(text: string): number {
    const digits = this.#digits
    if (!digits.parse(text, this.#precision, this.#scale)) throw this.#refusal()
    const magnitude = digits.limbs[0] ?? 0
    return digits.negative ? -magnitude : magnitude
  }

  #refusal(): RangeError {
    return new RangeError(`must be text that fits decimal(${this.#precision},${this.#scale})`)
  }
}
