import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { ObjectFiles } from '../../core/ports/ports.ts'
import { corrupt } from './readable-file.ts'

/** A local Parquet file to read, and whether it is a copy that its reader deletes. */
export interface LoadFileSource {
  readonly path: string
  readonly isScratch: boolean
}

const PARQUET = 'PAR1'
const ENCRYPTED = 'PARE'
const GZIP = 0x1f8b
/* Magic, footer length, magic. */
const LEAST_BYTES = 12
const MAX_BYTES = 8 * 1024 ** 3

/**
 * The local file of a key, unzipped where it is a gzip file, of at most `maxBytes` (default 8 GiB; DMS's own limit is
 * 1 GiB). Throws `landing/corrupt` that says what the file is instead of Parquet.
 */
export async function loadFileSource(
  key: string,
  files: Pick<ObjectFiles, 'read' | 'scratch'>,
  maxBytes = MAX_BYTES,
): Promise<LoadFileSource> {
  const path = await files.read(key)
  const found = await ends(path)
  if (found.size < 2 || found.head.readUInt16BE(0) !== GZIP) {
    checkParquet(key, found, maxBytes)
    return { path, isScratch: false }
  }
  const unzipped = await files.scratch('load-unzipped')
  try {
    await unzip(key, path, unzipped, maxBytes)
    checkParquet(key, await ends(unzipped), maxBytes)
    return { path: unzipped, isScratch: true }
  } catch (error) {
    await rm(unzipped, { force: true })
    throw error
  }
}

interface Ends {
  readonly size: number
  readonly head: Buffer
  readonly tail: string
}

async function ends(path: string): Promise<Ends> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)]
    await file.read(head, 0, 4, 0)
    await file.read(tail, 0, 4, Math.max(size - 4, 0))
    return { size, head, tail: tail.toString('latin1') }
  } finally {
    await file.close()
  }
}

function checkParquet(key: string, { size, head, tail }: Ends, maxBytes: number): void {
  if (size > maxBytes) throw corrupt(key, `expected at most ${maxBytes} bytes, found ${size}`)
  const start = head.toString('latin1')
  if (start === ENCRYPTED) throw corrupt(key, 'expected plain Parquet, found an encrypted file')
  if (start !== PARQUET)
    throw corrupt(
      key,
      `expected Parquet, which begins with ${PARQUET}, found ${size} bytes of something else`,
    )
  if (size < LEAST_BYTES || tail !== PARQUET)
    throw corrupt(
      key,
      `expected Parquet, which ends with ${PARQUET}, found a file cut off after ${size} bytes`,
    )
}

async function unzip(key: string, from: string, to: string, maxBytes: number): Promise<void> {
  let bytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) done(corrupt(key, `expected at most ${maxBytes} bytes unzipped, found more`))
      else done(null, chunk)
    },
  })
  try {
    await pipeline(createReadStream(from), createGunzip(), limit, createWriteStream(to, { mode: 0o600 }))
  } catch (cause) {
    /* zlib's errors are of the file; those of the disk are not. */
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (code.startsWith('Z_'))
      throw corrupt(key, `expected a whole gzip file, found one that breaks off or is damaged`, cause)
    throw cause
  }
}
