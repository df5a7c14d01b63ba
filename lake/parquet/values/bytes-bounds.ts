import type { Bounds } from './value-store.ts'

const longest = 64

/**
 * The bounds of byte strings in unsigned order, cut to 64 bytes: a cut minimum sorts before the
 * value, a cut maximum is raised to sort after it. Bounds of text stay valid UTF-8. A maximum that
 * cannot be raised is left out.
 */
export function bytesBounds(min: Uint8Array, max: Uint8Array, isText: boolean): Bounds {
  const minExact = min.length <= longest
  const maxExact = max.length <= longest
  return {
    min: min.slice(0, cut(min, isText)),
    max: maxExact ? max.slice() : raised(max.slice(0, cut(max, isText)), isText),
    minExact,
    maxExact,
  }
}

/** Where to cut: at most 64 bytes, not inside a character. */
function cut(value: Uint8Array, isText: boolean): number {
  if (value.length <= longest) return value.length
  let end = longest
  while (isText && end > 0 && isContinuation(value[end])) end--
  return end
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

/** The shortest simple successor: the last byte, or character, that can be raised is, and the rest falls away. */
function raised(value: Uint8Array, isText: boolean): Uint8Array | undefined {
  if (isText) return raisedText(value)
  for (let at = value.length - 1; at >= 0; at--) {
    const byte = value[at] ?? 0xff
    if (byte === 0xff) continue
    value[at] = byte + 1
    return value.slice(0, at + 1)
  }
  return undefined
}

function raisedText(value: Uint8Array): Uint8Array | undefined {
  const characters = Array.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(value))
  for (let at = characters.length - 1; at >= 0; at--) {
    const code = characters[at]?.codePointAt(0) ?? 0x10ffff
    if (code === 0x10ffff) continue
    // U+D800 to U+DFFF are no characters; UTF-8 sorts as code points do.
    const next = code === 0xd7ff ? 0xe000 : code + 1
    return new TextEncoder().encode(characters.slice(0, at).join('') + String.fromCodePoint(next))
  }
  return undefined
}
