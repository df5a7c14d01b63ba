import { type FileHandle, open, rm } from 'node:fs/promises'
import { PipelineError } from '../../../core/failures/failures.ts'
import { MAX_ROW_BYTES } from '../../../core/row-limit.ts'
import { LongRow, type RowFields } from './long-row.ts'

const NEWLINE = 0x0a
const WRITE_BYTES = 1024 * 1024
/* The engine keeps a file that it reads in memory to its end: of small ones it uses the same memory again, near the processor. */
const PART_BYTES = 2 * 1024 * 1024
/* A row this long ends its chunk: the engine that reads it holds several copies of it. */
const LONG_ROW_BYTES = 8 * 1024 * 1024
/* The engine takes 2,048 rows at a time: of rows this long that is a whole chunk, which therefore ends sooner. */
const FAT_ROW_BYTES = 128 * 1024
const FAT_CHUNK_BYTES = 16 * 1024 * 1024

/** Files of whole rows in COPY's text format. */
export interface RowChunk {
  readonly paths: readonly string[]
  /** No file has more. */
  readonly mostBytes: number
  /** No row is longer. */
  readonly longestRow: number
}

export interface RowChunksOptions {
  /** A path for a new file. */
  readonly scratch: () => Promise<string>
  /** A chunk is handed over with the row that reaches this size, or 16 MiB where rows may be longer than 128 KiB. */
  readonly chunkBytes: number
  /** A file of a chunk ends with the row that reaches this size (default 2 MiB). */
  readonly partBytes?: number
  /** Called for one chunk at a time; the files are deleted when it resolves or rejects. */
  readonly take: (chunk: RowChunk) => Promise<void>
  readonly fields: RowFields
  /** `MAX_ROW_BYTES` unless given. */
  readonly maxRowBytes?: number
  /** Told of a row beyond the limit, which is in no chunk: its size, and as a row of COPY's text its key among nulls. */
  readonly oversize: (row: Buffer, bytes: number) => Promise<void>
}

interface OpenChunk {
  readonly paths: string[]
  /** The last of them. */
  file: FileHandle
  /** Of the files before. */
  done: number
  mostBytes: number
  /** Of the last one, with what waits in memory, and without. */
  bytes: number
  written: number
  longestRow: number
}

interface LongRowOf {
  readonly row: LongRow
  /** Where it begins in its file. */
  readonly start: number
}

/**
 * Cuts COPY's text into chunks of files at ends of rows. A row that may be too large is measured, and left out if it is. While one chunk is
 * taken the next one is filled; no third one is begun. Holds 1 MiB and the last
 * buffer in memory.
 */
export class RowChunks {
  private readonly options: RowChunksOptions
  private readonly most: number
  private chunk: OpenChunk | undefined
  private waiting: Buffer[] = []
  private waitingBytes = 0
  /** Bytes of the row that has begun and not ended. */
  private unfinished = 0
  /** The row that is measured, once it may be too large. */
  private long: LongRowOf | undefined
  private taking: Promise<void> = Promise.resolve()

  constructor(options: RowChunksOptions) {
    this.options = options
    this.most = options.maxRowBytes ?? MAX_ROW_BYTES
  }

  /** The buffer belongs to the chunks from then on. Throws what `take` and `oversize` throw. */
  async write(buffer: Buffer): Promise<void> {
    let rest = buffer
    while (rest.length > 0) {
      this.chunk ??= await this.begin()
      const taken = await this.some(this.chunk, rest)
      rest = rest.subarray(taken)
    }
  }

  /* Takes all of a buffer whose rows are surely not too large, else one row of it at most. Gives how many bytes. */
  private async some(chunk: OpenChunk, buffer: Buffer): Promise<number> {
    if (this.long === undefined) {
      const end = buffer.indexOf(NEWLINE) + 1
      const isSmall = this.unfinished + buffer.length <= this.most
      const part = isSmall || end === 0 ? buffer.length : end
      if (this.unfinished + part <= this.most) {
        await this.fill(chunk, buffer.subarray(0, part))
        return part
      }
      this.long = await this.beginLong(chunk)
    }
    return this.measured(chunk, this.long, buffer)
  }

  private async measured(chunk: OpenChunk, { row, start }: LongRowOf, buffer: Buffer): Promise<number> {
    const taken = row.take(buffer)
    const isOver = row.soFar > this.most
    if (!isOver) await this.append(chunk, buffer.subarray(0, taken))
    else if (chunk.bytes > start) await this.cutBack(chunk, start)
    this.unfinished = isOver ? 0 : this.unfinished + taken
    chunk.longestRow = Math.max(chunk.longestRow, this.unfinished)
    if (buffer[taken - 1] !== NEWLINE) return taken
    this.long = undefined
    this.unfinished = 0
    if (isOver) await this.options.oversize(row.keyRow(), row.bytes)
    /* A long row: no other follows it in its chunk. */ else await this.handOver(chunk)
    return taken
  }

  private async fill(chunk: OpenChunk, buffer: Buffer): Promise<void> {
    const { partBytes = PART_BYTES } = this.options
    if (this.unfinished === 0 && chunk.bytes >= partBytes) await this.beginPart(chunk)
    const end = buffer.lastIndexOf(NEWLINE) + 1
    chunk.longestRow = Math.max(chunk.longestRow, longestRow(buffer, this.unfinished))
    this.unfinished = end === 0 ? this.unfinished + buffer.length : buffer.length - end
    const isFull = chunk.done + chunk.bytes + end >= this.bytesOf(chunk) || chunk.longestRow > LONG_ROW_BYTES
    if (end === 0 || (!isFull && chunk.bytes + end < partBytes)) return this.append(chunk, buffer)
    await this.append(chunk, buffer.subarray(0, end))
    if (isFull) await this.handOver(chunk)
    if (end === buffer.length) return
    if (!isFull) await this.beginPart(chunk)
    this.chunk ??= await this.begin()
    await this.append(this.chunk, buffer.subarray(end))
  }

  private bytesOf({ longestRow }: OpenChunk): number {
    const { chunkBytes } = this.options
    return longestRow > FAT_ROW_BYTES ? Math.min(chunkBytes, FAT_CHUNK_BYTES) : chunkBytes
  }

  /* What came of the row is in the chunk already. */
  private async beginLong(chunk: OpenChunk): Promise<LongRowOf> {
    await this.flush(chunk)
    const row = new LongRow(this.options.fields)
    const start = chunk.bytes - this.unfinished
    const piece = Buffer.allocUnsafe(WRITE_BYTES)
    for (let at = start; at < chunk.bytes; ) {
      const { bytesRead } = await chunk.file.read(piece, 0, Math.min(piece.length, chunk.bytes - at), at)
      if (bytesRead === 0) throw new RangeError('a chunk is shorter than what was written to it')
      row.take(piece.subarray(0, bytesRead))
      at += bytesRead
    }
    return { row, start }
  }

  private async cutBack(chunk: OpenChunk, start: number): Promise<void> {
    await this.flush(chunk)
    await chunk.file.truncate(start)
    chunk.bytes = start
    chunk.written = start
  }

  /** Hands over the last chunk; resolves when it is taken. Throws source/protocol when the data stopped inside a row. */
  async end(): Promise<void> {
    if (this.unfinished > 0 || this.long !== undefined)
      throw new PipelineError('source/protocol', 'COPY ended inside a row')
    if (this.chunk !== undefined && this.chunk.done + this.chunk.bytes > 0) await this.handOver(this.chunk)
    await this.taking
  }

  /** Waits for the chunk that is being taken and deletes what is left. Never throws. */
  async close(): Promise<void> {
    await this.taking.catch(() => undefined)
    if (this.chunk === undefined) return
    await this.chunk.file.close().catch(() => undefined)
    await removeAll(this.chunk.paths).catch(() => undefined)
    this.chunk = undefined
  }

  private async begin(): Promise<OpenChunk> {
    const path = await this.options.scratch()
    return {
      paths: [path],
      file: await create(path),
      done: 0,
      mostBytes: 0,
      bytes: 0,
      written: 0,
      longestRow: 0,
    }
  }

  private async beginPart(chunk: OpenChunk): Promise<void> {
    await this.endPart(chunk)
    const path = await this.options.scratch()
    chunk.file = await create(path)
    chunk.paths.push(path)
    chunk.done += chunk.bytes
    chunk.bytes = 0
    chunk.written = 0
  }

  private async endPart(chunk: OpenChunk): Promise<void> {
    await this.flush(chunk)
    await chunk.file.close()
    chunk.mostBytes = Math.max(chunk.mostBytes, chunk.bytes)
  }

  private async append(chunk: OpenChunk, buffer: Buffer): Promise<void> {
    this.waiting.push(buffer)
    this.waitingBytes += buffer.length
    chunk.bytes += buffer.length
    if (this.waitingBytes >= WRITE_BYTES) await this.flush(chunk)
  }

  private async flush(chunk: OpenChunk): Promise<void> {
    const buffers = this.waiting
    this.waiting = []
    this.waitingBytes = 0
    await writeAll(chunk, Buffer.concat(buffers))
  }

  private async handOver(chunk: OpenChunk): Promise<void> {
    await this.endPart(chunk)
    await this.taking
    this.chunk = undefined
    this.taking = this.take(chunk)
    /* Whoever hands over the next one, ends or closes sees the error. */
    this.taking.catch(() => undefined)
  }

  private async take({ paths, bytes, mostBytes, longestRow }: OpenChunk): Promise<void> {
    try {
      /* All that came of the last one may have been a row that was left out. */
      await this.options.take({ paths: bytes > 0 ? paths : paths.slice(0, -1), mostBytes, longestRow })
    } finally {
      await removeAll(paths)
    }
  }
}

/* Rows of the source in clear: for nobody else. */
function create(path: string): Promise<FileHandle> {
  return open(path, 'wx+', 0o600)
}

async function removeAll(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true })
}

/* A write may take a part only. */
async function writeAll(chunk: OpenChunk, buffer: Buffer): Promise<void> {
  for (let at = 0; at < buffer.length; ) {
    const { bytesWritten } = await chunk.file.write(buffer, at, buffer.length - at, chunk.written)
    at += bytesWritten
    chunk.written += bytesWritten
  }
}

/* A buffer that is as short as a row that is not fat need not be looked through; of others, whose rows may be short, each is. */
function longestRow(buffer: Buffer, unfinished: number): number {
  if (unfinished + buffer.length <= FAT_ROW_BYTES) return unfinished + buffer.length
  let [longest, start] = [0, -unfinished]
  for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, end + 1)) {
    longest = Math.max(longest, end + 1 - start)
    start = end + 1
  }
  return Math.max(longest, buffer.length - start)
}
