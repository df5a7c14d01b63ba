import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LakeFile } from '../../core/ports/catalog-entry.ts'
import type { FileState, ObjectFiles } from '../../core/ports/ports.ts'
import { objectSize, putParts, putWhole, readObject, type S3Bucket } from './s3-bucket.ts'

export interface S3FilesSettings {
  readonly bucket: S3Bucket
  /** A folder of this use alone, which `close` removes. */
  readonly folder: string
  /** Of all copies together; what is written into scratch files is the writer's to bound. */
  readonly maxBytes: number
}

/**
 * Copies of S3 objects in a scratch folder. Keeps the guarantees of `ObjectFiles`. A key is downloaded once and its copy
 * stays until `close`, for a reader may still be in it; beyond `maxBytes` a read throws `objects/too-large`.
 */
export class S3Files implements ObjectFiles {
  private readonly settings: S3FilesSettings
  private readonly copies = new Map<string, Promise<string>>()
  private bytes = 0

  constructor(settings: S3FilesSettings) {
    this.settings = settings
  }

  read(key: string): Promise<string> {
    const known = this.copies.get(key)
    if (known !== undefined) return known
    const copy = this.download(key)
    this.copies.set(key, copy)
    copy.catch(() => this.copies.delete(key))
    return copy
  }

  /** Bytes of a key's content. */
  async size(key: string): Promise<number> {
    return (await stat(await this.read(key))).size
  }

  async scratch(name: string): Promise<string> {
    await mkdir(this.settings.folder, { recursive: true })
    return join(this.settings.folder, `${name}.${randomBytes(6).toString('hex')}`)
  }

  async publish(path: string, key: string): Promise<Pick<LakeFile, 'bytes' | 'sha256'>> {
    const { bucket } = this.settings
    const { size } = await stat(path)
    const sha256 = await digestOf(path)
    if (size <= bucket.partBytes) await putWhole(bucket, key, await readFile(path))
    else await putParts(bucket, key, { size, open: () => createReadStream(path, { highWaterMark: 1 << 20 }) })
    await rm(path, { force: true })
    return { bytes: size, sha256 }
  }

  async verify(
    { key, bytes, sha256 }: Pick<LakeFile, 'key' | 'bytes' | 'sha256'>,
    by: 'size' | 'digest',
  ): Promise<FileState> {
    const found = await objectSize(this.settings.bucket, key)
    if (found === undefined) return 'missing'
    if (found !== bytes) return 'altered'
    if (by === 'size' || sha256 === undefined) return 'whole'
    return (await digestOf(await this.read(key))) === sha256 ? 'whole' : 'altered'
  }

  /** Removes all copies and scratch files. */
  async close(): Promise<void> {
    await Promise.allSettled(this.copies.values())
    this.copies.clear()
    this.bytes = 0
    await rm(this.settings.folder, { recursive: true, force: true })
  }

  private async download(key: string): Promise<string> {
    const { bucket, maxBytes } = this.settings
    /* Engines read the kind of a file off its end. */
    const path = await this.scratch('copy')
    const named = `${path}-${key.slice(key.lastIndexOf('/') + 1).slice(-80)}`
    let reserved = 0
    try {
      await readObject(bucket, key, async ({ bytes, body }, signal) => {
        this.bytes += bytes - reserved
        reserved = bytes
        if (this.bytes > maxBytes)
          throw new PipelineError('objects/too-large', `${key}: scratch holds ${maxBytes} bytes`)
        await pipeline(body, createWriteStream(named), { signal })
      })
      return named
    } catch (error) {
      this.bytes -= reserved
      await rm(named, { force: true })
      throw error
    }
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
