import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from './crc32.ts'
import { makeFolder, syncFolder } from './durable.ts'

/** A frame: a small JSON header and bytes. */
export interface Frame<H> {
  readonly header: H
  readonly content: Buffer
}

/** A place in the log; frames are numbered from 0 in the order they came. */
interface FramePlace<H> {
  readonly header: H
  readonly segment: number
  readonly contentAt: number
  readonly contentLength: number
  readonly checksum: number
}

const PREAMBLE = 16
const MAGIC = 0x54444d46
const SEGMENT_BYTES = 256 << 20

/**
 * An append-only log of frames in a folder, in segments.
 * Durability: frames are on disk (fsync) when `append` resolves. A torn tail, left by a crash, is cut at the next
 * open; it can only hold frames whose `append` never resolved. Damage anywhere else is reported, never skipped.
 * Concurrency: one process writes; any process may read a copy opened for reading.
 * Limits: headers are kept in memory (about 300 bytes each); contents are read when asked for.
 */
export class FrameLog<H> {
  private readonly folder: string
  private readonly places: FramePlace<H>[]
  private segment: number
  private tail: FileHandle | undefined
  private tailBytes: number
  private readonly readers = new Map<number, FileHandle>()
  private writing: Promise<void> = Promise.resolve()

  private constructor(folder: string, places: FramePlace<H>[], segment: number, tailBytes: number) {
    this.folder = folder
    this.places = places
    this.segment = segment
    this.tailBytes = tailBytes
  }

  /** Opens or makes the log. With `write`, a torn tail is cut. `parse` checks a header at the border. */
  static async open<H>(
    folder: string,
    mode: 'read' | 'write',
    parse: (header: unknown) => H,
  ): Promise<FrameLog<H>> {
    if (mode === 'write') await makeFolder(folder)
    const names = await readdir(folder).catch(() => [])
    const segments = names
      .flatMap((name) => /^(\d{8})\.log$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
    const places: FramePlace<H>[] = []
    let tailBytes = 0
    for (const segment of segments) {
      const isLast = segment === segments.at(-1)
      tailBytes = await scan(join(folder, fileName(segment)), segment, isLast, mode, parse, places)
    }
    return new FrameLog(folder, places, segments.at(-1) ?? 1, tailBytes)
  }

  get length(): number {
    return this.places.length
  }

  headers(): readonly H[] {
    return this.places.map(({ header }) => header)
  }

  header(index: number): H | undefined {
    return this.places[index]?.header
  }

  /** Reads one frame and checks it. Throws Error when the disk gives other bytes than were written. */
  async read(index: number): Promise<Frame<H>> {
    const place = this.places[index]
    if (place === undefined) throw new RangeError(`frame ${index} of ${this.places.length}`)
    const content = Buffer.allocUnsafe(place.contentLength)
    const file = await this.reader(place.segment)
    const { bytesRead } = await file.read(content, 0, content.length, place.contentAt)
    if (bytesRead !== content.length || crc32(content) !== place.checksum)
      throw new Error(
        `${join(this.folder, fileName(place.segment))}: frame ${index} does not match its checksum`,
      )
    return { header: place.header, content }
  }

  /** Appends frames with one fsync. Calls are taken in turn. */
  append(frames: readonly Frame<H>[]): Promise<void> {
    const turn = this.writing.then(() => this.write(frames))
    this.writing = turn.catch(() => undefined)
    return turn
  }

  async close(): Promise<void> {
    await this.writing
    await this.tail?.close()
    this.tail = undefined
    for (const file of this.readers.values()) await file.close()
    this.readers.clear()
  }

  private async write(frames: readonly Frame<H>[]): Promise<void> {
    if (frames.length === 0) return
    const file = await this.tailFile()
    const start = this.tailBytes
    const parts: Buffer[] = []
    const places: FramePlace<H>[] = []
    let at = start
    for (const { header, content } of frames) {
      const head = Buffer.from(JSON.stringify(header))
      const checksum = crc32(content)
      parts.push(preamble(head, content.length, checksum), head, content)
      places.push({
        header,
        segment: this.segment,
        contentAt: at + PREAMBLE + head.length,
        contentLength: content.length,
        checksum,
      })
      at += PREAMBLE + head.length + content.length
    }
    /* A position is given: after a failed write the next one overwrites what it left. */
    const bytes = Buffer.concat(parts)
    const { bytesWritten } = await file.write(bytes, 0, bytes.length, start)
    if (bytesWritten !== bytes.length) throw new Error(`${this.folder}: short write`)
    await file.datasync()
    this.tailBytes = at
    this.places.push(...places)
  }

  private async tailFile(): Promise<FileHandle> {
    if (this.tail !== undefined && this.tailBytes < SEGMENT_BYTES) return this.tail
    if (this.tail !== undefined) {
      await this.tail.close()
      this.segment += 1
      this.tailBytes = 0
    }
    const path = join(this.folder, fileName(this.segment))
    const isNew = (await stat(path).catch(() => undefined)) === undefined
    this.tail = await open(path, isNew ? 'w+' : 'r+', 0o600)
    if (isNew) await syncFolder(this.folder)
    else await this.tail.truncate(this.tailBytes)
    return this.tail
  }

  private async reader(segment: number): Promise<FileHandle> {
    const known = this.readers.get(segment)
    if (known !== undefined) return known
    const file = await open(join(this.folder, fileName(segment)), 'r')
    this.readers.set(segment, file)
    return file
  }
}

function fileName(segment: number): string {
  return `${String(segment).padStart(8, '0')}.log`
}

function preamble(head: Buffer, contentLength: number, checksum: number): Buffer {
  const bytes = Buffer.allocUnsafe(PREAMBLE)
  bytes.writeUInt32LE((MAGIC ^ crc32(head)) >>> 0, 0)
  bytes.writeUInt32LE(head.length, 4)
  bytes.writeUInt32LE(contentLength, 8)
  bytes.writeUInt32LE(checksum, 12)
  return bytes
}

/*
 * Walks a segment by its headers. What ends the walk early is a torn tail when it is the last segment and nothing
 * sound follows; the last frame's content is checked too, for it may have been cut by the crash.
 */
async function scan<H>(
  path: string,
  segment: number,
  isLast: boolean,
  mode: 'read' | 'write',
  parse: (header: unknown) => H,
  places: FramePlace<H>[],
): Promise<number> {
  const file = await open(path, mode === 'write' ? 'r+' : 'r')
  try {
    const { size } = await file.stat()
    let at = 0
    while (at + PREAMBLE <= size) {
      const place = await frameAt(file, at, size, segment, parse)
      if (place === undefined) break
      const end = place.contentAt + place.contentLength
      const isTail = isLast && end + PREAMBLE > size - UNSYNCED_BYTES
      if (isTail && !(await isWhole(file, place))) break
      places.push(place)
      at = end
    }
    if (at < size && (!isLast || size - at > UNSYNCED_BYTES))
      throw new Error(`${path}: damaged at byte ${at}`)
    if (at < size && mode === 'write') await file.truncate(at)
    return at
  } finally {
    await file.close()
  }
}

/* One append is one write: only frames of the last one can be torn, and it is bounded by the raw store's batches. */
const UNSYNCED_BYTES = 64 << 20

async function frameAt<H>(
  file: FileHandle,
  at: number,
  size: number,
  segment: number,
  parse: (header: unknown) => H,
): Promise<FramePlace<H> | undefined> {
  const bytes = Buffer.allocUnsafe(PREAMBLE)
  await file.read(bytes, 0, PREAMBLE, at)
  const headLength = bytes.readUInt32LE(4)
  const contentLength = bytes.readUInt32LE(8)
  const contentAt = at + PREAMBLE + headLength
  if (contentAt + contentLength > size) return undefined
  const head = Buffer.allocUnsafe(headLength)
  await file.read(head, 0, headLength, at + PREAMBLE)
  if (bytes.readUInt32LE(0) !== (MAGIC ^ crc32(head)) >>> 0) return undefined
  const header = parse(JSON.parse(head.toString('utf8')))
  return { header, segment, contentAt, contentLength, checksum: bytes.readUInt32LE(12) }
}

async function isWhole<H>(
  file: FileHandle,
  { contentAt, contentLength, checksum }: FramePlace<H>,
): Promise<boolean> {
  const content = Buffer.allocUnsafe(contentLength)
  await file.read(content, 0, contentLength, contentAt)
  return crc32(content) === checksum
}
