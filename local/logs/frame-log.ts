import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno, makeFolder, nameFile, syncFolder } from '../../engine/files/durable.ts'
import { crc32 } from './crc32.ts'
import { type FramePlace, PREAMBLE, preamble, scanSegment } from './frame-segment.ts'
import { LogHead, readLogHead } from './log-head.ts'

/** A frame: a small JSON header and bytes. */
export interface Frame<H> {
  readonly header: H
  readonly content: Buffer
}

const SEGMENT_BYTES = 256 << 20

/**
 * An append-only log of frames in a folder, in segments.
 * Durability: frames are on disk (fsync) when `append` resolves. A torn tail, left by a crash, is cut at the next
 * open; it can only hold frames whose `append` never resolved: the head beside the segments says how far those reach that
 * did. Damage anywhere else, and a log that ends before its head, is reported, never skipped.
 * Concurrency: one process writes; any process may read a copy opened for reading.
 * Limits: headers are kept in memory (about 300 bytes each); contents are read when asked for.
 */
export class FrameLog<H> {
  private readonly folder: string
  private readonly places: FramePlace<H>[]
  private segment: number
  private tail: FileHandle | undefined
  private tailBytes: number
  private readonly segmentBytes: number
  private readonly head: LogHead
  private readonly readers = new Map<number, Promise<FileHandle>>()
  private writing: Promise<void> = Promise.resolve()

  private constructor(
    folder: string,
    places: FramePlace<H>[],
    { segment, tailBytes, segmentBytes }: { segment: number; tailBytes: number; segmentBytes: number },
  ) {
    this.folder = folder
    this.places = places
    this.segment = segment
    this.tailBytes = tailBytes
    this.segmentBytes = segmentBytes
    this.head = new LogHead(folder)
  }

  /**
   * Opens or makes the log. With `write`, a torn tail is cut. `parse` checks a header at the border. A segment of
   * `segmentBytes` or more takes no further append. Throws Error, without a `code`, for damage.
   */
  static async open<H>(
    folder: string,
    mode: 'read' | 'write',
    parse: (header: unknown) => H,
    segmentBytes = SEGMENT_BYTES,
  ): Promise<FrameLog<H>> {
    if (mode === 'write') await makeFolder(folder)
    /* Before the segments: whoever writes meanwhile only makes them longer. */
    const known = (await readLogHead(folder)) ?? { frames: 0, segment: 0, bytes: 0 }
    const segments = await segmentsOf(folder)
    const places: FramePlace<H>[] = []
    let tailBytes = 0
    for (const segment of segments) {
      const isLast = segment === segments.at(-1)
      const knownBytes = segment === known.segment ? known.bytes : 0
      const options = { segment, isLast, mode, parse, knownBytes }
      tailBytes = await scanSegment(join(folder, fileName(segment)), places, options)
    }
    if (places.length < known.frames)
      throw new Error(
        `${folder}: ${known.frames - places.length} of ${known.frames} frames are missing at its end`,
      )
    const log = new FrameLog(folder, places, { segment: segments.at(-1) ?? 1, tailBytes, segmentBytes })
    try {
      if (mode === 'write') await log.head.write(log.end())
      return log
    } catch (error) {
      await log.close().catch(() => undefined)
      throw error
    }
  }

  private end() {
    return { frames: this.places.length, segment: this.segment, bytes: this.tailBytes }
  }

  get length(): number {
    return this.places.length
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

  /** Closes every file, also when one cannot be closed or synced; throws what failed first then. */
  async close(): Promise<void> {
    await this.writing
    const readers = [...this.readers.values()]
    this.readers.clear()
    /* All of them, whichever fails: a file that nobody closes is open until it is collected. */
    const done = await Promise.allSettled([
      this.closeTail(),
      this.head.close(),
      ...readers.map((file) => file.then((handle) => handle.close())),
    ])
    for (const one of done) if (one.status === 'rejected') throw one.reason
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
      parts.push(preamble(head, content.length, checksum, start), head, content)
      const contentAt = at + PREAMBLE + head.length
      const contentLength = content.length
      places.push({ header, segment: this.segment, contentAt, contentLength, checksum, appendAt: start })
      at = contentAt + contentLength
    }
    try {
      const bytes = Buffer.concat(parts)
      /* A disk that is full takes a part, and says so to who offers the rest. */
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, start + done)
        if (bytesWritten === 0) throw new Error(`${this.folder}: short write`)
        done += bytesWritten
      }
      await file.datasync()
    } catch (error) {
      /* The next append opens the file again, which cuts off what this one left. */
      await this.closeTail().catch(() => undefined)
      nameFile(error, this.folder)
      throw error
    }
    this.tailBytes = at
    this.places.push(...places)
    /* The frames are on disk: a head that is behind them is only less sharp. */
    await this.head.write(this.end()).catch(() => undefined)
  }

  private async tailFile(): Promise<FileHandle> {
    if (this.tailBytes >= this.segmentBytes) {
      await this.closeTail()
      this.segment += 1
      this.tailBytes = 0
    }
    if (this.tail !== undefined) return this.tail
    const path = join(this.folder, fileName(this.segment))
    const isNew = (await stat(path).catch(() => undefined)) === undefined
    const file = await open(path, isNew ? 'w+' : 'r+', 0o600)
    try {
      if (isNew) await syncFolder(this.folder)
      else await file.truncate(this.tailBytes)
    } catch (error) {
      await file.close()
      throw error
    }
    this.tail = file
    return file
  }

  private async closeTail(): Promise<void> {
    const { tail } = this
    this.tail = undefined
    await tail?.close()
  }

  private reader(segment: number): Promise<FileHandle> {
    const known = this.readers.get(segment)
    if (known !== undefined) return known
    const file = open(join(this.folder, fileName(segment)), 'r')
    this.readers.set(segment, file)
    /* A file that could not be opened is tried again at the next read. */
    file.catch(() => this.readers.delete(segment))
    return file
  }
}

/* Without a hole: a segment that is gone took its frames with it. */
async function segmentsOf(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  })
  const segments = names
    .flatMap((name) => /^(\d{8})\.log$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
  const missing = segments.findIndex((segment, index) => segment !== index + 1)
  if (missing >= 0) throw new Error(`${folder}: ${fileName(missing + 1)} is missing`)
  return segments
}

/** What an open that threw without a code says of the damage. A header that is not what the log holds is not quoted. */
export function damageText(error: unknown): string {
  return error instanceof Error && error.name === 'Error'
    ? error.message
    : 'a header of a log is of another form'
}

function fileName(segment: number): string {
  return `${String(segment).padStart(8, '0')}.log`
}
