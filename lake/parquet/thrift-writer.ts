import type { ByteBuffer } from './values/byte-buffer.ts'

/** The type codes of Thrift's compact protocol that Parquet's metadata uses. */
const typeOf = { true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const

/**
 * Writes Parquet's metadata in Thrift's compact protocol. Fields of a struct are written in rising
 * order of their ids; `struct` and `list` take the content as a function, so nesting cannot go wrong.
 */
export class ThriftWriter {
  readonly #out: ByteBuffer
  #lastId = 0

  constructor(out: ByteBuffer) {
    this.#out = out
  }

  bool(id: number, value: boolean): void {
    this.#field(id, value ? typeOf.true : typeOf.false)
  }

  byte(id: number, value: number): void {
    this.#field(id, typeOf.byte)
    this.#out.byte(value)
  }

  i16(id: number, value: number): void {
    this.#field(id, typeOf.i16)
    this.#zigzag(value)
  }

  i32(id: number, value: number): void {
    this.#field(id, typeOf.i32)
    this.#zigzag(value)
  }

  i64(id: number, value: number): void {
    this.#field(id, typeOf.i64)
    this.#zigzag(value)
  }

  binary(id: number, value: Uint8Array): void {
    this.#field(id, typeOf.binary)
    this.#bytes(value)
  }

  string(id: number, value: string): void {
    this.binary(id, Buffer.from(value))
  }

  struct(id: number, content: () => void): void {
    this.#field(id, typeOf.struct)
    this.root(content)
  }

  /** A struct that is no field: the outermost one, or an element of a list. */
  root(content: () => void): void {
    const outer = this.#lastId
    this.#lastId = 0
    content()
    this.#out.byte(0)
    this.#lastId = outer
  }

  structs<T>(id: number, items: readonly T[], content: (item: T, index: number) => void): void {
    this.#list(id, typeOf.struct, items.length)
    for (const [index, item] of items.entries()) this.root(() => content(item, index))
  }

  i32s(id: number, items: readonly number[]): void {
    this.#list(id, typeOf.i32, items.length)
    for (const item of items) this.#zigzag(item)
  }

  strings(id: number, items: readonly string[]): void {
    this.#list(id, typeOf.binary, items.length)
    for (const item of items) this.#bytes(Buffer.from(item))
  }

  #field(id: number, type: number): void {
    const delta = id - this.#lastId
    if (delta < 1 || delta > 15) throw new RangeError(`thrift field ${id} is out of order`)
    this.#out.byte((delta << 4) | type)
    this.#lastId = id
  }

  #list(id: number, type: number, size: number): void {
    this.#field(id, typeOf.list)
    if (size < 15) {
      this.#out.byte((size << 4) | type)
    } else {
      this.#out.byte(0xf0 | type)
      this.#out.varint(size)
    }
  }

  #bytes(value: Uint8Array): void {
    this.#out.varint(value.length)
    this.#out.append(value)
  }

  /** Offsets and counts are safe integers, so doubling stays in doubles' exact range below 2^52. */
  #zigzag(value: number): void {
    this.#out.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }
}
