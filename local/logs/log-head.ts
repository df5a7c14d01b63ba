import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno, readIfThere, syncFolder } from '../../engine/files/durable.ts'
import { crc32 } from './crc32.ts'

/** How far a log is known to reach: its frames, and the segment and byte at which the last of them ends. */
export interface LogEnd {
  readonly frames: number
  readonly segment: number
  readonly bytes: number
}

const NAME = 'head'
const LENGTH = 80
const FORM = /^(frames (\d+) segment (\d+) bytes (\d+)) crc ([0-9a-f]{8}) *\n$/

/** The end that a log was last known to have; undefined where nothing says so, or what does is not whole. */
export async function readLogHead(folder: string): Promise<LogEnd | undefined> {
  const [, text = '', frames, segment, bytes, crc] =
    FORM.exec((await readIfThere(join(folder, NAME))) ?? '') ?? []
  if (crc !== hexOf(text) || text === '') return undefined
  return { frames: Number(frames), segment: Number(segment), bytes: Number(bytes) }
}

/**
 * The record of how far a log reaches, beside its segments. It is written when frames are on disk and before anybody is told
 * so, without a sync of its own: after a power cut it may be behind the log, never ahead of it. A log that ends before its
 * head has lost frames; what is torn behind it was never acknowledged.
 */
export class LogHead {
  private readonly folder: string
  private file: FileHandle | undefined

  constructor(folder: string) {
    this.folder = folder
  }

  /** One write in place: readers beside see the end before or this one. */
  async write(end: LogEnd): Promise<void> {
    const text = `frames ${end.frames} segment ${end.segment} bytes ${end.bytes}`
    const line = `${text} crc ${hexOf(text)}`.padEnd(LENGTH - 1)
    this.file ??= await this.open()
    await this.file.write(Buffer.from(`${line}\n`), 0, LENGTH, 0)
  }

  async close(): Promise<void> {
    const { file } = this
    this.file = undefined
    try {
      await file?.datasync()
    } finally {
      await file?.close()
    }
  }

  private async open(): Promise<FileHandle> {
    const path = join(this.folder, NAME)
    try {
      return await open(path, 'r+')
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
    const file = await open(path, 'w+', 0o600)
    try {
      await syncFolder(this.folder)
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  }
}

function hexOf(text: string): string {
  return crc32(Buffer.from(text)).toString(16).padStart(8, '0')
}
