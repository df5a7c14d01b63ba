import { ValueReader, valueKind } from './value-reader.ts'

const [QUOTE, COMMA, BACKSLASH, OPEN, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x2c, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
]

/**
 * Reads the bytes of JSON arrays, as `JSON.stringify` writes them, without making anything of them: where each value lies.
 * Of a value that is itself an array or an object only the end is found: who parses it meets what is wrong in it.
 */
export class ArrayReader extends ValueReader {
  /** Values of the array that was read last. */
  count = 0

  /** Reads the array that begins at `at`. Gives the place after it, or -1 when it is not of that form. */
  read(bytes: Uint8Array, at: number): number {
    this.count = 0
    if (bytes[at] !== OPEN) return -1
    if (bytes[at + 1] === CLOSE) return at + 2
    for (let place = at + 1; ; place += 1) {
      const code = bytes[place]
      const index = this.count
      place =
        code === OPEN || code === OPEN_OBJECT
          ? this.nested(index, bytes, place)
          : this.value(index, bytes, place)
      if (place < 0) return -1
      this.count += 1
      if (bytes[place] === CLOSE) return place + 1
      if (bytes[place] !== COMMA) return -1
    }
  }

  private nested(index: number, bytes: Uint8Array, start: number): number {
    let depth = 0
    for (let at = start; at < bytes.length; at += 1) {
      const code = bytes[at]
      if (code === QUOTE) at = textEnd(bytes, at + 1)
      else if (code === OPEN || code === OPEN_OBJECT) depth += 1
      else if (code === CLOSE || code === CLOSE_OBJECT) {
        depth -= 1
        if (depth === 0) return this.keep(index, valueKind.nested, start, at + 1)
      }
    }
    return -1
  }
}

function textEnd(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1
    else if (bytes[at] === QUOTE) return at
  }
  return bytes.length
}
