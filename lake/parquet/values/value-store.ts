import type { ByteBuffer } from './byte-buffer.ts'
import type { ParquetValue } from './field.ts'

/** The smallest and the largest value in PLAIN form without length; a bound that is not exact encloses. */
export interface Bounds {
  readonly min: Uint8Array | undefined
  readonly max: Uint8Array | undefined
  readonly minExact: boolean
  readonly maxExact: boolean
}

/**
 * The values of one leaf in one row group, without the nulls, already in PLAIN form (booleans apart):
 * a page is one copy of a range. Cleared and used again for the next row group.
 */
export interface ValueStore {
  readonly count: number
  /** PLAIN bytes of each value, or 0 when they differ. */
  readonly width: number
  /** False when a dictionary cannot pay, as for booleans. */
  readonly hashable: boolean
  /** True when equal hashes mean equal values. */
  readonly hashIsValue: boolean
  /** Stores one value and returns the bytes that it takes; a RangeError leaves the store as it was. */
  push(value: ParquetValue): number
  /** Forgets the last value and returns the bytes that it took. */
  pop(): number
  clear(): void
  plainSize(from: number, to: number): number
  writePlain(out: ByteBuffer, from: number, to: number): void
  /** Writes a hash of each value to `hashes`. */
  hash(hashes: Int32Array): void
  equal(a: number, b: number): boolean
  /** The bounds of the values at `positions`, or of all values; undefined when there is no order to state. */
  bounds(positions: Int32Array | undefined): Bounds | undefined
}
