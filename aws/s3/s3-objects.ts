import { addAbortSignal, Readable } from 'node:stream'
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { ListedObject } from '../../core/audit/ledger-audit.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { callAws } from '../calls/call-aws.ts'
import { s3Key, s3Prefix } from './object-key.ts'
import { callOf, putParts, putWhole, readObject, type S3Bucket } from './s3-bucket.ts'

/** What `get` holds at most, and how many keys a `list`. */
const MAX_BYTES = 512 << 20
const MAX_KEYS = 1_000_000

/** Objects in an S3 bucket. Keeps the guarantees of `ObjectStore`; general purpose buckets only, for the order of `list`. */
export class S3Objects implements ObjectStore {
  private readonly bucket: S3Bucket

  constructor(bucket: S3Bucket) {
    this.bucket = bucket
  }

  async put(key: string, content: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const parts = content instanceof Uint8Array ? [content] : content
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    if (size <= this.bucket.partBytes) return putWhole(this.bucket, key, Buffer.concat(parts))
    /* Cut, not copied: the upload holds a few parts of the object beside it. */
    const open = () => Readable.from(parts.flatMap(slicesOf), { objectMode: false })
    await putParts(this.bucket, key, { size, open })
  }

  async get(key: string): Promise<Buffer> {
    return readObject(this.bucket, key, async ({ bytes, body }, signal) => {
      if (bytes > MAX_BYTES) throw new PipelineError('objects/too-large', `${key}: ${bytes} bytes`)
      const chunks: Buffer[] = []
      for await (const chunk of addAbortSignal(signal, body)) chunks.push(chunk)
      return Buffer.concat(chunks)
    })
  }

  async list(prefix: string): Promise<readonly string[]> {
    const keys: string[] = []
    for await (const { key } of this.objects(prefix)) {
      keys.push(key)
      if (keys.length > MAX_KEYS)
        throw new PipelineError('objects/too-large', `more than ${MAX_KEYS} keys below ${prefix}`)
    }
    return keys
  }

  /** Objects below a prefix with size and time, by key; an answer (1,000 of them) is in memory at a time. */
  async *objects(prefix: string): AsyncGenerator<ListedObject> {
    const { client, retry, bucket: Bucket, prefix: root } = this.bucket
    const Prefix = s3Prefix(this.bucket, prefix)
    let ContinuationToken: string | undefined
    do {
      const page = ContinuationToken === undefined ? {} : { ContinuationToken }
      const command = new ListObjectsV2Command({ Bucket, Prefix, ...page })
      const found = await callAws(callOf(this.bucket), retry, (abortSignal) =>
        client.send(command, { abortSignal }),
      )
      for (const { Key, Size = 0, LastModified } of found.Contents ?? [])
        if (Key !== undefined)
          yield { key: Key.slice(root.length), bytes: Size, modifiedAt: LastModified?.getTime() ?? 0 }
      ContinuationToken = found.NextContinuationToken
    } while (ContinuationToken !== undefined)
  }

  async delete(key: string): Promise<void> {
    const { client, retry, bucket: Bucket } = this.bucket
    const command = new DeleteObjectCommand({ Bucket, Key: s3Key(this.bucket, key) })
    await callAws(callOf(this.bucket), retry, (abortSignal) => client.send(command, { abortSignal }))
  }
}

const SLICE = 1 << 20

function slicesOf(part: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(part.length / SLICE) }, (_, index) =>
    part.subarray(index * SLICE, (index + 1) * SLICE),
  )
}
