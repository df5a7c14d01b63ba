import type { ByteBuffer } from './byte-buffer.ts'

/**
 * Appends `source[from..to)` in Parquet's RLE / bit-packing hybrid, without a length prefix. Each
 * value must fit `bitWidth` bits (1 to 24).
 */
export function encodeHybrid(
  out: ByteBuffer,
  source: Uint8Array | Int32Array,
  from: number,
  to: number,
  bitWidth: number,
): void {
  // A run costs its header, its value and the header of the literals after it: below this it saves nothing.
  const worthwhile = bitWidth === 1 ? 24 : bitWidth <= 4 ? 16 : 8
  let literalsFrom = from
  let at = from
  while (at < to) {
    const value = source[at]
    let end = at + 1
    while (end < to && source[end] === value) end++
    if (end - at >= worthwhile || (end === to && literalsFrom === at)) {
      if (literalsFrom < at) packLiterals(out, source, literalsFrom, at, bitWidth)
      out.varint((end - at) * 2)
      for (let shift = 0; shift < bitWidth; shift += 8) out.byte(((value ?? 0) >>> shift) & 0xff)
      at = end
      literalsFrom = end
    } else {
      // Literals come in groups of eight; only the last group of a page may be padded.
      at += 8
    }
  }
  if (literalsFrom < to) packLiterals(out, source, literalsFrom, to, bitWidth)
}

function packLiterals(
  out: ByteBuffer,
  source: Uint8Array | Int32Array,
  from: number,
  to: number,
  bitWidth: number,
): void {
  const groups = Math.ceil((to - from) / 8)
  out.varint(groups * 2 + 1)
  out.reserve(groups * bitWidth)
  const { bytes } = out
  const end = out.length + groups * bitWidth
  let at = out.length
  let bits = 0
  let held = 0
  for (let index = from; index < to; index++) {
    bits |= (source[index] ?? 0) << held
    held += bitWidth
    while (held >= 8) {
      bytes[at++] = bits & 0xff
      bits >>>= 8
      held -= 8
    }
  }
  if (held > 0) bytes[at++] = bits
  bytes.fill(0, at, end)
  out.length = end
}
