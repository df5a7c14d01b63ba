import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from './crc32.ts'

/** Where one frame lies in its segment. */
export interface FramePlace<H> {
  readonly header: H
  readonly segment: number
  readonly contentAt: number
  readonly contentLength: number
  readonly checksum: number
  /** Byte at which the append that wrote it began. */
  readonly appendAt: number
}

/** Bytes before a frame's header. */
export const PREAMBLE = 20
const MAGIC = 0x54444d46
const CHUNK = 1 << 20

/** Checksum of the rest and the header, length of the header, length and checksum of the content, begin of the append. */
export function preamble(head: Buffer, contentLength: number, checksum: number, appendAt: number): Buffer {
  const bytes = Buffer.allocUnsafe(PREAMBLE)
  bytes.writeUInt32LE(head.length, 4)
  bytes.writeUInt32LE(contentLength, 8)
  bytes.writeUInt32LE(checksum, 12)
  bytes.writeUInt32LE(appendAt, 16)
  bytes.writeUInt32LE(seal(bytes, head), 0)
  return bytes
}

function seal(bytes: Buffer, head: Buffer): number {
  return (MAGIC ^ crc32(Buffer.concat([bytes.subarray(4, PREAMBLE), head]))) >>> 0
}

export interface ScanOptions<H> {
  readonly segment: number
  /** Only the last segment can have a torn tail. */
  readonly isLast: boolean
  readonly mode: 'read' | 'write'
  /** What ends before this byte was acknowledged, and is no torn tail. */
  readonly knownBytes: number
  readonly parse: (header: unknown) => H
}

/**
 * Walks a segment by its headers and adds its frames to `places`; resolves with the end of the sound ones. What breaks
 * the walk is a torn tail when no later append follows it, for each append begins when the one before is on disk, and
 * when nothing of it is known to have been acknowledged. With
 * `write` a torn tail is cut. Throws Error for any other damage; contents are checked of the last append only.
 */
export async function scanSegment<H>(
  path: string,
  places: FramePlace<H>[],
  options: ScanOptions<H>,
): Promise<number> {
  const { isLast, mode, knownBytes } = options
  const file = await open(path, mode === 'write' ? 'r+' : 'r')
  try {
    const { size } = await file.stat()
    const found: FramePlace<H>[] = []
    let at = 0
    for (let place = await frameAt(file, at, size, options); place !== undefined; ) {
      found.push(place)
      at = place.contentAt + place.contentLength
      place = await frameAt(file, at, size, options)
    }
    if (isLast) at = await dropTorn(file, found, at)
    if (at < knownBytes || (at < size && (!isLast || (await hasLaterAppend(file, at, size)))))
      throw new Error(`${path}: damaged at byte ${at}`)
    if (at < size && mode === 'write') await file.truncate(at)
    places.push(...found)
    return at
  } finally {
    await file.close()
  }
}

/* A crash may have kept any part of the last append. */
async function dropTorn<H>(file: FileHandle, found: FramePlace<H>[], end: number): Promise<number> {
  const last = found.at(-1)?.appendAt
  const first = found.findIndex(({ appendAt }) => appendAt === last)
  for (let index = Math.max(first, 0); index < found.length; index += 1) {
    const place = found[index]
    if (place === undefined || (await isWhole(file, place))) continue
    const before = found[index - 1]
    found.length = index
    return before === undefined ? 0 : before.contentAt + before.contentLength
  }
  return end
}

async function frameAt<H>(
  file: FileHandle,
  at: number,
  size: number,
  { segment, parse }: ScanOptions<H>,
): Promise<FramePlace<H> | undefined> {
  const bytes = Buffer.alloc(PREAMBLE)
  if (at + PREAMBLE > size) return undefined
  await file.read(bytes, 0, PREAMBLE, at)
  const head = await headOf(file, bytes, at, size)
  if (head === undefined) return undefined
  return {
    header: parse(JSON.parse(head.toString('utf8'))),
    segment,
    contentAt: at + PREAMBLE + head.length,
    contentLength: bytes.readUInt32LE(8),
    checksum: bytes.readUInt32LE(12),
    appendAt: bytes.readUInt32LE(16),
  }
}

async function headOf(
  file: FileHandle,
  bytes: Buffer,
  at: number,
  size: number,
): Promise<Buffer | undefined> {
  const length = bytes.readUInt32LE(4)
  if (at + PREAMBLE + length + bytes.readUInt32LE(8) > size) return undefined
  const head = Buffer.alloc(length)
  await file.read(head, 0, length, at + PREAMBLE)
  return bytes.readUInt32LE(0) === seal(bytes, head) ? head : undefined
}

/* Is there, anywhere behind the damage, the sound header of an append that began behind it? */
async function hasLaterAppend(file: FileHandle, damage: number, size: number): Promise<boolean> {
  const chunk = Buffer.alloc(CHUNK + PREAMBLE)
  for (let from = damage; from < size; from += CHUNK) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, from)
    for (let i = 0; i < CHUNK && i + PREAMBLE <= bytesRead; i += 1) {
      const appendAt = chunk.readUInt32LE(i + 16)
      if (appendAt <= damage || appendAt > from + i) continue
      if ((await headOf(file, chunk.subarray(i, i + PREAMBLE), from + i, size)) !== undefined) return true
    }
  }
  return false
}

/** Whether the content of a frame is what was written. */
async function isWhole<H>(
  file: FileHandle,
  { contentAt, contentLength, checksum }: FramePlace<H>,
): Promise<boolean> {
  const content = Buffer.alloc(contentLength)
  const { bytesRead } = await file.read(content, 0, contentLength, contentAt)
  return bytesRead === contentLength && crc32(content) === checksum
}
