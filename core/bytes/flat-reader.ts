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
  readonly nexts: Map<string, Node>
  /** The one that was read last. */
  recent: Node | undefined
}

/* Thousands of tables, each with a few shapes; what is beyond is left to the careful way. */
const MAX_NODES = 50_000
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
    nexts: new Map(),
    recent: undefined,
  }
  private nodes = 0
  /** Of the object that was read last. */
  shape: FlatShape = this.root

  /** Reads the object that begins at `at`. Gives the place after it, or -1 when it is not of that form. */
  read(bytes: Buffer, at: number): number {
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

  private member(node: Node, bytes: Buffer, at: number): Node | undefined {
    const { recent } = node
    /* Records of one table come together. */
    if (recent !== undefined && isAt(recent.label, bytes, at)) return recent
    const end = nameEnd(bytes, at)
    if (end < 0) return undefined
    const name = bytes.toString('utf8', at + 1, end)
    const next = node.nexts.get(name) ?? this.learn(node, name, bytes.subarray(at, end + 2))
    if (next !== undefined) node.recent = next
    return next
  }

  private learn(node: Node, name: string, label: Uint8Array): Node | undefined {
    if (this.nodes >= MAX_NODES || node.size >= MAX_MEMBERS || label.length > MAX_NAME_BYTES) return undefined
    for (let known: Node | undefined = node; known !== undefined && known.size > 0; known = known.parent)
      if (known.name === name) return undefined
    const size = node.size + 1
    const made: Node = {
      name,
      parent: node,
      size,
      label: Uint8Array.from(label),
      nexts: new Map(),
      recent: undefined,
    }
    this.nodes += 1
    node.nexts.set(name, made)
    return made
  }
}

/* Where the quote lies that ends a name without an escape, before its colon; below zero where there is none. */
function nameEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1
  for (let end = at + 1; end < bytes.length; end += 1) {
    const code = bytes[end] ?? 0
    if (code === QUOTE) return bytes[end + 1] === COLON ? end : -1
    if (code === BACKSLASH || code < 0x20) return -1
  }
  return -1
}
