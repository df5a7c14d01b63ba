import type { ValueStore } from './value-store.ts'

const largestPage = 1 << 20
/** After an eighth of the values, this share of distinct ones means that more than half will be distinct in the end. */
const hopeless = 0.95
/** Chunks of fewer values are tried to the end. */
const smallest = 1 << 13

/** The distinct values of a column chunk, in order of first appearance. Valid until the next `build`. */
export interface Dictionary {
  /** Where in the store each entry first appears. */
  readonly entries: Int32Array
  /** The entry of each value. */
  readonly indices: Int32Array
  readonly bitWidth: number
}

/** Finds the dictionary of one chunk after another; its tables are kept and used again. */
export class DictionaryBuilder {
  #hashes = new Int32Array(0)
  #indices = new Int32Array(0)
  #entries = new Int32Array(0)
  #table = new Int32Array(0)

  /**
   * The dictionary of all values, or undefined where it does not pay: when more than half of the
   * values are distinct, when its page would pass 1 MiB, or when the plain values are smaller.
   */
  build(store: ValueStore): Dictionary | undefined {
    const { count } = store
    const limit = count >> 1
    if (!store.hashable || limit === 0) return undefined
    this.#prepare(count, limit)
    store.hash(this.#hashes)
    const size = this.#fill(store, limit)
    if (size === 0) return undefined

    const bitWidth = Math.max(1, 32 - Math.clz32(size - 1))
    let entryBytes = 0
    for (let entry = 0; entry < size; entry++) {
      const at = this.#entries[entry] ?? 0
      entryBytes += store.plainSize(at, at + 1)
    }
    if (entryBytes + (count * bitWidth) / 8 >= store.plainSize(0, count)) return undefined
    return {
      entries: this.#entries.subarray(0, size),
      indices: this.#indices.subarray(0, count),
      bitWidth,
    }
  }

  /** The number of distinct values, or 0 as soon as there are too many. */
  #fill(store: ValueStore, limit: number): number {
    const { count } = store
    const hashes = this.#hashes
    const entries = this.#entries
    const indices = this.#indices
    const table = this.#table
    const mask = table.length - 1
    const { width, hashIsValue } = store
    const probation = count >> 3
    let size = 0
    let room = largestPage
    for (let at = 0; at < count; at++) {
      if (at === probation && size > probation * hopeless && count > smallest) return 0
      const hash = hashes[at] ?? 0
      let slot = hash & mask
      for (;;) {
        const entry = (table[slot] ?? 0) - 1
        if (entry < 0) {
          room -= width > 0 ? width : store.plainSize(at, at + 1)
          if (size === limit || room < 0) return 0
          table[slot] = size + 1
          entries[size] = at
          indices[at] = size++
          break
        }
        const first = entries[entry] ?? 0
        if (hashes[first] === hash && (hashIsValue || store.equal(first, at))) {
          indices[at] = entry
          break
        }
        slot = (slot + 1) & mask
      }
    }
    return size
  }

  #prepare(count: number, limit: number): void {
    if (this.#hashes.length < count) {
      this.#hashes = new Int32Array(count * 2)
      this.#indices = new Int32Array(count * 2)
    }
    if (this.#entries.length < limit) this.#entries = new Int32Array(limit * 2)
    // A table at most half full keeps the probes short.
    const slots = 2 ** Math.ceil(Math.log2(limit * 2))
    if (this.#table.length < slots) this.#table = new Int32Array(slots)
    else this.#table.fill(0)
  }
}
