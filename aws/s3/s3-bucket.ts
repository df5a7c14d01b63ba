import { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { PipelineError } from '../../core/failures/failures.ts'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'
import { type BucketPlace, s3Key } from './object-key.ts'

export interface S3Bucket extends BucketPlace {
  readonly client: S3Client
  readonly retry: RetryPolicy
  /** Contents beyond this size go up in parts of it; 5 MiB at least. */
  readonly partBytes: number
}

/** S3 takes 10,000 parts. */
const MAX_PARTS = 9_000
const PARTS_AT_ONCE = 2

export function callOf({ bucket }: S3Bucket): CallName {
  return { code: 'objects/unavailable', what: `bucket ${bucket}` }
}

/** Puts a content that is in memory; S3 checks its CRC-32. */
export async function putWhole(bucket: S3Bucket, key: string, Body: Uint8Array): Promise<void> {
  const { client, retry } = bucket
  const command = new PutObjectCommand({
    Bucket: bucket.bucket,
    Key: s3Key(bucket, key),
    Body,
    ChecksumAlgorithm: 'CRC32',
  })
  await callAws(callOf(bucket), retry, (abortSignal) => client.send(command, { abortSignal }))
}

/**
 * Puts a content of `size` bytes in parts, each with its CRC-32: `open` gives it from its begin, again for each attempt.
 * Nobody sees the object before its last part. Parts of an attempt that failed are removed; a lifecycle rule of the
 * bucket removes those of a function that was cut off.
 */
export async function putParts(
  bucket: S3Bucket,
  key: string,
  { size, open }: { readonly size: number; readonly open: () => Readable },
): Promise<void> {
  const { client, retry, partBytes } = bucket
  const Key = s3Key(bucket, key)
  await callAws(callOf(bucket), retry, async (signal) => {
    const Body = open()
    const upload = new Upload({
      client,
      params: { Bucket: bucket.bucket, Key, Body, ChecksumAlgorithm: 'CRC32' },
      partSize: Math.max(partBytes, Math.ceil(size / MAX_PARTS)),
      queueSize: PARTS_AT_ONCE,
    })
    const stop = () => void upload.abort()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await upload.done()
    } finally {
      signal.removeEventListener('abort', stop)
      Body.destroy()
    }
  })
}

/** Bytes of an object, without reading it; undefined when there is none. */
export function objectSize(bucket: S3Bucket, key: string): Promise<number | undefined> {
  const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: s3Key(bucket, key) })
  return callAws(callOf(bucket), bucket.retry, async (abortSignal) => {
    try {
      return (await bucket.client.send(command, { abortSignal })).ContentLength ?? 0
    } catch (cause) {
      if (isNamed(cause, 'NoSuchKey', 'NotFound')) return undefined
      throw cause
    }
  })
}

/** An object's size and bytes as they come; its CRC-32 is checked at the end where S3 has one of the whole. */
export interface Opened {
  readonly bytes: number
  readonly body: Readable
}

/**
 * Opens an object and reads it with `use`, both again when the connection breaks. Throws `objects/missing` when there is
 * none.
 */
export function readObject<T>(
  bucket: S3Bucket,
  key: string,
  use: (opened: Opened, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { client, retry } = bucket
  const command = new GetObjectCommand({
    Bucket: bucket.bucket,
    Key: s3Key(bucket, key),
    ChecksumMode: 'ENABLED',
  })
  return callAws(callOf(bucket), retry, async (abortSignal) => {
    const found = await client.send(command, { abortSignal }).catch((cause: unknown) => {
      if (isNamed(cause, 'NoSuchKey', 'NotFound'))
        throw new PipelineError('objects/missing', `${key} in bucket ${bucket.bucket}`, { cause })
      throw cause
    })
    if (!(found.Body instanceof Readable)) throw new TypeError('S3 answered without a stream')
    try {
      return await use({ bytes: found.ContentLength ?? 0, body: found.Body }, abortSignal)
    } finally {
      found.Body.destroy()
    }
  })
}
