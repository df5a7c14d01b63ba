import { crc32 } from 'node:zlib'
import { compressSync } from 'snappy'
import type { Leaf } from './leaf.ts'
import { ThriftWriter } from './thrift-writer.ts'
import { ByteBuffer } from './values/byte-buffer.ts'
import { type Dictionary, DictionaryBuilder } from './values/dictionary.ts'
import { encodeHybrid } from './values/hybrid.ts'
import type { Bounds } from './values/value-store.ts'

export const encodings = { plain: 0, rle: 3, rleDictionary: 8 } as const
const codecs = { none: 0, snappy: 1 } as const
type Codec = (typeof codecs)[keyof typeof codecs]

const pageTypes = { data: 0, dictionary: 2 } as const
/** Rows of a page even where their values take next to nothing, so that a reader can skip inside a chunk. */
const largestPageSlots = 1 << 17

/** What the footer says of a written chunk. Offsets count from the chunk's first byte. */
export interface ChunkSummary {
  readonly values: number
  readonly nulls: number
  readonly codec: Codec
  readonly dictionary: boolean
  readonly dataOffset: number
  readonly uncompressedSize: number
  readonly compressedSize: number
  readonly bounds: Bounds | undefined
}

interface Span {
  readonly from: number
  readonly to: number
}

/** A page, and where its uncompressed bytes are. */
interface Page extends Span {
  readonly type: (typeof pageTypes)[keyof typeof pageTypes]
  readonly values: number
}

/** Turns leaves into column chunks, one after another, on buffers that it keeps. */
export class ChunkEncoder {
  readonly #dictionaries = new DictionaryBuilder()
  readonly #raw = new ByteBuffer(1 << 16)
  readonly #packed = new ByteBuffer(1 << 16)
  readonly #levels = new ByteBuffer(1 << 10)
  readonly #header = new ByteBuffer(64)
  readonly #pageBytes: number
  readonly #snappy: boolean
  readonly #useDictionary: boolean

  constructor(options: {
    readonly pageBytes: number
    readonly snappy: boolean
    readonly dictionary: boolean
  }) {
    this.#pageBytes = options.pageBytes
    this.#snappy = options.snappy
    this.#useDictionary = options.dictionary
  }

  /** Gives the chunk to `sink` page by page. The leaf, which has at least one row, is only read. */
  encode(leaf: Leaf, sink: (bytes: Uint8Array) => void): ChunkSummary {
    this.#raw.clear()
    const dictionary = this.#useDictionary ? this.#dictionaries.build(leaf.store) : undefined
    const pages = dictionary === undefined ? [] : [this.#dictionaryPage(leaf, dictionary)]
    this.#dataPages(leaf, dictionary, pages)

    const packed = this.#snappy ? this.#pack(pages) : undefined
    const source = packed === undefined ? this.#raw : this.#packed
    let headers = 0
    let dataOffset = 0
    let compressedSize = 0
    for (const [index, page] of pages.entries()) {
      const body = packed?.[index] ?? page
      const content = source.view(body.from, body.to)
      const header = this.#pageHeader(page, dictionary !== undefined, content)
      const bytes = new Uint8Array(header.length + content.length)
      bytes.set(header)
      bytes.set(content, header.length)
      sink(bytes)
      headers += header.length
      compressedSize += bytes.length
      if (page.type === pageTypes.dictionary) dataOffset = compressedSize
    }
    return {
      values: leaf.slots,
      nulls: leaf.slots - leaf.store.count,
      codec: packed === undefined ? codecs.none : codecs.snappy,
      dictionary: dictionary !== undefined,
      dataOffset,
      uncompressedSize: headers + this.#raw.length,
      compressedSize,
      bounds: leaf.store.bounds(dictionary?.entries),
    }
  }

  /**
   * Compresses the pages, or gives undefined when that saves nothing: a v1 chunk has one codec for
   * all its pages. `copyOutputData` frees the codec's own memory at once, not at some collection.
   */
  #pack(pages: readonly Page[]): readonly Span[] | undefined {
    const packed = this.#packed
    packed.clear()
    const spans = pages.map((page) => {
      const from = packed.length
      packed.append(compressSync(this.#raw.view(page.from, page.to), { copyOutputData: true }))
      return { from, to: packed.length }
    })
    return packed.length < this.#raw.length ? spans : undefined
  }

  #dictionaryPage(leaf: Leaf, dictionary: Dictionary): Page {
    const from = this.#raw.length
    for (const at of dictionary.entries) leaf.store.writePlain(this.#raw, at, at + 1)
    return { type: pageTypes.dictionary, values: dictionary.entries.length, from, to: this.#raw.length }
  }

  /** Cuts the chunk at the first row past the page size; a page holds whole rows. */
  #dataPages(leaf: Leaf, dictionary: Dictionary | undefined, pages: Page[]): void {
    const { definitions, repetitions, slots, maxDefinition, store } = leaf
    let slot = 0
    let value = 0
    while (slot < slots) {
      const firstSlot = slot
      const firstValue = value
      ;({ slot, value } = this.#pageEnd(leaf, dictionary, slot, value))
      const from = this.#raw.length
      this.#levelRuns(repetitions, firstSlot, slot, leaf.maxRepetition)
      this.#levelRuns(definitions, firstSlot, slot, maxDefinition)
      if (dictionary === undefined) {
        store.writePlain(this.#raw, firstValue, value)
      } else {
        this.#raw.byte(dictionary.bitWidth)
        encodeHybrid(this.#raw, dictionary.indices, firstValue, value, dictionary.bitWidth)
      }
      pages.push({ type: pageTypes.data, values: slot - firstSlot, from, to: this.#raw.length })
    }
  }

  /** The slot and the value after the last row of the page that starts at the given ones. */
  #pageEnd(
    leaf: Leaf,
    dictionary: Dictionary | undefined,
    fromSlot: number,
    fromValue: number,
  ): { readonly slot: number; readonly value: number } {
    const { definitions, repetitions, slots, maxDefinition, maxRepetition, store } = leaf
    const width = dictionary === undefined ? store.width : dictionary.bitWidth / 8
    const lastSlot = Math.min(slots, fromSlot + largestPageSlots)
    if (maxRepetition === 0 && store.count === slots && width > 0) {
      const slot = Math.min(lastSlot, fromSlot + Math.ceil(this.#pageBytes / width))
      return { slot, value: fromValue + slot - fromSlot }
    }
    let slot = fromSlot
    let value = fromValue
    let size = 0
    do {
      do {
        if (definitions[slot++] === maxDefinition) {
          size += width > 0 ? width : store.plainSize(value, value + 1)
          value++
        }
      } while (maxRepetition > 0 && slot < slots && repetitions[slot] !== 0)
    } while (slot < lastSlot && size < this.#pageBytes)
    return { slot, value }
  }

  #levelRuns(levels: Uint8Array, from: number, to: number, max: number): void {
    if (max === 0) return
    this.#levels.clear()
    encodeHybrid(this.#levels, levels, from, to, 32 - Math.clz32(max))
    this.#raw.uint32(this.#levels.length)
    this.#raw.append(this.#levels.view())
  }

  /** With the checksum of the page as it is stored, for readers that verify it. */
  #pageHeader(page: Page, dictionary: boolean, content: Uint8Array): Uint8Array {
    this.#header.clear()
    const thrift = new ThriftWriter(this.#header)
    thrift.root(() => {
      thrift.i32(1, page.type)
      thrift.i32(2, page.to - page.from)
      thrift.i32(3, content.length)
      thrift.i32(4, crc32(content) | 0)
      if (page.type === pageTypes.dictionary) {
        thrift.struct(7, () => {
          thrift.i32(1, page.values)
          thrift.i32(2, encodings.plain)
        })
      } else {
        thrift.struct(5, () => {
          thrift.i32(1, page.values)
          thrift.i32(2, dictionary ? encodings.rleDictionary : encodings.plain)
          thrift.i32(3, encodings.rle)
          thrift.i32(4, encodings.rle)
        })
      }
    })
    return this.#header.view()
  }
}
