import type { ByteBuffer } from './byte-buffer.ts'
import type { ParquetValue } from './field.ts'
import type { Bounds, ValueStore } from './value-store.ts'

const firstCapacity = 1024

/**
 * Values of `width` bytes each. Typed arrays write in the machine's order and Parquet is
 * little-endian, as every platform that Node ships binaries for, s390x apart.
 */
export abstract class FixedStore implements ValueStore {
  readonly width: number
  readonly hashable: boolean = true
  /** The hash of one word is a bijection. */
  readonly hashIsValue: boolean
  count = 0
  protected bytes: Uint8Array
  protected words: Int32Array
  protected capacity = firstCapacity

  constructor(width: number) {
    this.width = width
    this.hashIsValue = width === 4
    this.bytes = new Uint8Array(width * firstCapacity)
    this.words = wordsOf(this.bytes)
  }

  abstract push(value: ParquetValue): number
  abstract hash(hashes: Int32Array): void
  abstract equal(a: number, b: number): boolean
  /** Negative, zero or positive as value `a` sorts before, with or after value `b`. */
  protected abstract compare(a: number, b: number): number

  pop(): number {
    this.count--
    return this.width
  }

  clear(): void {
    this.count = 0
  }

  plainSize(from: number, to: number): number {
    return (to - from) * this.width
  }

  writePlain(out: ByteBuffer, from: number, to: number): void {
    out.append(this.bytes.subarray(from * this.width, to * this.width))
  }

  bounds(positions: Int32Array | undefined): Bounds | undefined {
    const total = positions?.length ?? this.count
    if (total === 0) return undefined
    let min = 0
    let max = 0
    for (let index = 0; index < total; index++) {
      const at = positions === undefined ? index : (positions[index] ?? 0)
      if (this.compare(at, min) < 0) min = at
      else if (this.compare(at, max) > 0) max = at
    }
    return { min: this.#copy(min), max: this.#copy(max), minExact: true, maxExact: true }
  }

  /** Makes room for more values. */
  protected grow(): void {
    this.capacity *= this.capacity < 1 << 16 ? 4 : 2
    const grown = new Uint8Array(this.capacity * this.width)
    grown.set(this.bytes)
    this.bytes = grown
    this.words = wordsOf(grown)
    this.grew()
  }

  /** Called after `bytes` was replaced, for further views of it. */
  protected grew(): void {}

  #copy(at: number): Uint8Array {
    return this.bytes.slice(at * this.width, (at + 1) * this.width)
  }
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.length >> 2)
}

/** A bijection of 32-bit integers that spreads close values (the finalizer of MurmurHash3). */
export function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
