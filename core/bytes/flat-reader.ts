import { isAt, ValueReader } from './value-reader.ts'

const [QUOTE, COMMA, COLON, BACKSLASH, OPEN, CLOSE] = [0x22, 0x2c, 0x3a, 0x5c, 0x7b, 0x7d]

/** The names of an object, in their order: the same object for every text that has them so. */
export interface FlatShape {
  /** Of the last member; empty for an object without members. */
  readonly name: string
  readonly parent: FlatShape | undefined
  /** How many members. */
  readonly size: number
}

interface Node extends FlatShape {
  /** `"name":`. */
  readonly label: Uint8Array
  readonly parent: Node | undefined
  readonly nexts: Node[]
}

/* Thousands of tables, each with a few shapes; what is beyond is left to the careful way. */
const MAX_NODES = 50_000
const MAX_NEXTS = 1_000
/* A table has 1,600 at most: each name that is new is compared with those before it. */
const MAX_MEMBERS = 2_000
/* A column has 63; attributes of an item may have a thousand times as many. */
const MAX_NAME_BYTES = 512

/**
 * Reads the bytes of JSON objects whose values are neither objects nor arrays, without making anything of them: which
 * names, and where each value lies. Names that came before are only compared. Text with spaces, with names that have
 * escapes or stand twice, and all that is no JSON is refused; UTF-8 is the caller's to check.
 */
export class FlatReader extends ValueReader {
  private readonly root: Node = {
    name: '',
    parent: undefined,
    size: 0,
    label: new Uint8Array(),
    nexts: [],
  }
  private nodes = 0
  /** Of the object that was read last. */
  shape: FlatShape = this.root

  /** Reads the object that begins at `at`. Gives the place after it, or -1 when it is not of that form. */
  read(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== OPEN) return -1
    let node = this.root
    let place = at + 1
    if (bytes[place] === CLOSE) {
      this.shape = node
      return place + 1
    }
    for (;;) {
      const next = this.member(node, bytes, place)
      if (next === undefined) return -1
      node = next
      place = this.value(node.size - 1, bytes, place + node.label.length)
      if (place < 0) return -1
      const code = bytes[place]
      place += 1
      if (code === COMMA) continue
      this.shape = node
      return code === CLOSE ? place : -1
    }
  }

  private member(node: Node, bytes: Uint8Array, at: number): Node | undefined {
    const { nexts } = node
    for (let i = 0; i < nexts.length; i += 1) {
      const next = nexts[i]
      if (next === undefined || !isAt(next.label, bytes, at)) continue
      /* Records of one table come together. */
      if (i > 0) [nexts[0], nexts[i]] = [next, nexts[0] ?? next]
      return next
    }
    return this.learn(node, bytes, at)
  }

  private learn(node: Node, bytes: Uint8Array, at: number): Node | undefined {
    if (node.size >= MAX_MEMBERS) return undefined
    if (bytes[at] !== QUOTE || this.nodes >= MAX_NODES || node.nexts.length >= MAX_NEXTS) return undefined
    let end = at + 1
    while (end < bytes.length && bytes[end] !== QUOTE) {
      const code = bytes[end] ?? 0
      if (code === BACKSLASH || code < 0x20) return undefined
      end += 1
    }
    if (bytes[end + 1] !== COLON || end - at > MAX_NAME_BYTES) return undefined
    const name = Buffer.from(bytes.subarray(at + 1, end)).toString('utf8')
    for (let known: Node | undefined = node; known !== undefined && known.size > 0; known = known.parent)
      if (known.name === name) return undefined
    const made: Node = {
      name,
      parent: node,
      size: node.size + 1,
      nexts: [],
      label: Uint8Array.from(bytes.subarray(at, end + 2)),
    }
    this.nodes += 1
    node.nexts.push(made)
    return made
  }
}
