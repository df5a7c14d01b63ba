import { type FileHandle, open, rm } from 'node:fs/promises'
import { PipelineError } from '../../core/failures.ts'

const NEWLINE = 0x0a
const WRITE_BYTES = 1024 * 1024
/** COPY text of one row; more would not fit the memory of the engine that reads it. */
export const MAX_ROW_BYTES = 64 * 1024 * 1024

/** A file of whole rows in COPY's text format. */
export interface RowChunk {
  readonly path: string
  readonly bytes: number
  /** No row is longer. */
  readonly longestRow: number
}

export interface RowChunksOptions {
  /** A path for a new chunk. */
  readonly scratch: () => Promise<string>
  /** A chunk is handed over with the row that reaches this size. */
  readonly chunkBytes: number
  /** Called for one chunk at a time; the chunk is deleted when it resolves or rejects. */
  readonly take: (chunk: RowChunk) => Promise<void>
  /** For messages. */
  readonly table: string
}

interface OpenChunk {
  readonly path: string
  readonly file: FileHandle
  bytes: number
  longestRow: number
}

/**
 * Cuts COPY's text into files at ends of rows, without looking at each row. While one file is taken the next one is
 * filled; no third one is begun. Holds 1 MiB and the last buffer in memory.
 */
export class RowChunks {
  private readonly options: RowChunksOptions
  private chunk: OpenChunk | undefined
  private waiting: Buffer[] = []
  private waitingBytes = 0
  /** Bytes of the row that has begun and not ended. */
  private unfinished = 0
  private taking: Promise<void> = Promise.resolve()

  constructor(options: RowChunksOptions) {
    this.options = options
  }

  /** The buffer belongs to the chunks from then on. Throws what `take` throws, and for a row that is too long. */
  async write(buffer: Buffer): Promise<void> {
    const end = buffer.lastIndexOf(NEWLINE) + 1
    this.chunk ??= await this.begin()
    const { chunk } = this
    /* A row ends in this buffer or later: with what came before it, the buffer is as long as the longest of its rows. */
    const longest = this.unfinished + buffer.length
    if (this.unfinished > MAX_ROW_BYTES) throw tooLong(this.options.table)
    chunk.longestRow = Math.max(chunk.longestRow, longest)
    this.unfinished = end === 0 ? longest : buffer.length - end
    if (end === 0 || chunk.bytes + end < this.options.chunkBytes) return this.append(chunk, buffer)
    await this.append(chunk, buffer.subarray(0, end))
    await this.handOver(chunk)
    if (end < buffer.length) {
      this.chunk = await this.begin()
      await this.append(this.chunk, buffer.subarray(end))
    }
  }

  /** Hands over the last chunk; resolves when it is taken. Throws source/protocol when the data stopped inside a row. */
  async end(): Promise<void> {
    if (this.unfinished > 0) throw new PipelineError('source/protocol', 'COPY ended inside a row')
    if (this.chunk !== undefined) await this.handOver(this.chunk)
    await this.taking
  }

  /** Waits for the chunk that is being taken and deletes what is left. Never throws. */
  async close(): Promise<void> {
    await this.taking.catch(() => undefined)
    if (this.chunk === undefined) return
    await this.chunk.file.close().catch(() => undefined)
    await rm(this.chunk.path, { force: true }).catch(() => undefined)
    this.chunk = undefined
  }

  private async begin(): Promise<OpenChunk> {
    const path = await this.options.scratch()
    /* Rows of the source in clear: for nobody else. */
    return { path, file: await open(path, 'wx', 0o600), bytes: 0, longestRow: 0 }
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
    await writeAll(chunk.file, Buffer.concat(buffers))
  }

  private async handOver(chunk: OpenChunk): Promise<void> {
    await this.flush(chunk)
    await chunk.file.close()
    await this.taking
    this.chunk = undefined
    const { path, bytes, longestRow } = chunk
    this.taking = this.options.take({ path, bytes, longestRow }).finally(() => rm(path, { force: true }))
    /* Whoever hands over the next one, ends or closes sees the error. */
    this.taking.catch(() => undefined)
  }
}

/* A write may take a part only. */
async function writeAll(file: FileHandle, buffer: Buffer): Promise<void> {
  for (let at = 0; at < buffer.length; ) {
    const { bytesWritten } = await file.write(buffer, at, buffer.length - at)
    at += bytesWritten
  }
}

function tooLong(table: string): PipelineError {
  return new PipelineError(
    'capture/page-too-large',
    `${table}: a row is longer than ${MAX_ROW_BYTES / 1024 / 1024} MiB as text`,
  )
}
