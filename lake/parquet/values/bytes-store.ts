import { ByteBuffer } from './byte-buffer.ts'
import { bytesBounds } from './bytes-bounds.ts'
import type { ParquetValue } from './field.ts'
import { mix } from './fixed-store.ts'
import type { Bounds, ValueStore } from './value-store.ts'

const prefix = 4
const offsetBytes = 4
const shortText = 40
const longText = 1 << 16
const loneSurrogate = /\p{Surrogate}/u

/** BYTE_ARRAY values in one slab, each after its length as PLAIN wants it. */
export abstract class BytesStore implements ValueStore {
  readonly width = 0
  readonly hashable = true
  readonly hashIsValue = false
  count = 0
  protected readonly slab = new ByteBuffer(4096)
  /** Where each value's length begins; one more entry than values. */
  #offsets = new Uint32Array(1025)

  protected abstract readonly isText: boolean

  abstract push(value: ParquetValue): number

  /** Ends the value whose `size` bytes were put after its prefix at the slab's end. */
  protected end(size: number): number {
    const { slab } = this
    const { bytes } = slab
    const start = slab.length
    bytes[start] = size
    bytes[start + 1] = size >>> 8
    bytes[start + 2] = size >>> 16
    bytes[start + 3] = size >>> 24
    slab.length = start + prefix + size
    this.count++
    if (this.count === this.#offsets.length) this.#growOffsets()
    this.#offsets[this.count] = slab.length
    return size + prefix + offsetBytes
  }

  pop(): number {
    const end = this.slab.length
    this.count--
    this.slab.length = this.#offset(this.count)
    return end - this.slab.length + offsetBytes
  }

  clear(): void {
    this.count = 0
    this.slab.clear()
  }

  plainSize(from: number, to: number): number {
    return this.#offset(to) - this.#offset(from)
  }

  writePlain(out: ByteBuffer, from: number, to: number): void {
    out.append(this.slab.view(this.#offset(from), this.#offset(to)))
  }

  /** Four bytes at a time; a last partial word reads on into the next value's place, masked off. */
  hash(hashes: Int32Array): void {
    this.slab.reserve(4)
    const { bytes } = this.slab
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < this.count; at++) {
      const end = this.#offset(at + 1)
      let index = this.#offset(at) + prefix
      let hash = end - index
      for (; index + 4 <= end; index += 4) {
        hash = Math.imul(hash ^ view.getInt32(index, true), 0x9e3779b1)
        hash ^= hash >>> 15
      }
      if (index < end)
        hash = Math.imul(hash ^ (view.getInt32(index, true) & ((1 << ((end - index) * 8)) - 1)), 0x9e3779b1)
      hashes[at] = mix(hash)
    }
  }

  equal(a: number, b: number): boolean {
    const { bytes } = this.slab
    const end = this.#offset(a + 1)
    let left = this.#offset(a)
    let right = this.#offset(b)
    if (end - left !== this.#offset(b + 1) - right) return false
    while (left < end) if (bytes[left++] !== bytes[right++]) return false
    return true
  }

  bounds(positions: Int32Array | undefined): Bounds | undefined {
    const total = positions?.length ?? this.count
    if (total === 0) return undefined
    let min = 0
    let max = 0
    for (let index = 0; index < total; index++) {
      const at = positions === undefined ? index : (positions[index] ?? 0)
      if (this.#compare(at, min) < 0) min = at
      else if (this.#compare(at, max) > 0) max = at
    }
    return bytesBounds(this.#value(min), this.#value(max), this.isText)
  }

  #compare(a: number, b: number): number {
    const { bytes } = this.slab
    const leftEnd = this.#offset(a + 1)
    const rightEnd = this.#offset(b + 1)
    let left = this.#offset(a) + prefix
    let right = this.#offset(b) + prefix
    while (left < leftEnd && right < rightEnd) {
      const difference = (bytes[left++] ?? 0) - (bytes[right++] ?? 0)
      if (difference !== 0) return difference
    }
    return leftEnd - left - (rightEnd - right)
  }

  #value(at: number): Uint8Array {
    return this.slab.view(this.#offset(at) + prefix, this.#offset(at + 1))
  }

  #offset(at: number): number {
    return this.#offsets[at] ?? 0
  }

  #growOffsets(): void {
    const grown = new Uint32Array((this.#offsets.length - 1) * 2 + 1)
    grown.set(this.#offsets)
    this.#offsets = grown
  }
}

export class BinaryStore extends BytesStore {
  protected readonly isText = false

  push(value: ParquetValue): number {
    if (!(value instanceof Uint8Array)) throw new RangeError('must be bytes')
    const { slab } = this
    slab.reserve(prefix + value.length)
    slab.bytes.set(value, slab.length + prefix)
    return this.end(value.length)
  }
}

/** Text as UTF-8. A lone surrogate has no UTF-8, so it is refused instead of replaced. */
export class StringStore extends BytesStore {
  protected readonly isText = true

  /** Stores text that is UTF-8 already, as `push`; that it is, is the caller's to check. */
  pushBytes(source: Uint8Array, from: number, to: number): number {
    const { slab } = this
    const size = to - from
    slab.reserve(prefix + size)
    const { bytes } = slab
    const start = slab.length + prefix
    if (size > shortText) bytes.set(source.subarray(from, to), start)
    else for (let index = 0; index < size; index++) bytes[start + index] = source[from + index] ?? 0
    return this.end(size)
  }

  push(value: ParquetValue): number {
    if (typeof value !== 'string') throw new RangeError('must be a string')
    const { slab } = this
    const { length } = value
    slab.reserve(prefix + (length > longText ? Buffer.byteLength(value) : length * 3))
    const { bytes } = slab
    const start = slab.length + prefix
    // For short ASCII text a loop is cheaper than a native call.
    if (length <= shortText) {
      let index = 0
      for (; index < length; index++) {
        const code = value.charCodeAt(index)
        if (code > 0x7f) break
        bytes[start + index] = code
      }
      if (index === length) return this.end(length)
    }
    const size = bytes.write(value, start)
    if (size !== length && loneSurrogate.test(value))
      throw new RangeError('must be well-formed text, without a lone surrogate')
    return this.end(size)
  }
}
