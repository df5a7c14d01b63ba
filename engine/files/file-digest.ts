import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { LakeFile } from '../../core/ports/catalog-entry.ts'
import type { FileState } from '../../core/ports/ports.ts'
import { isErrno } from './durable.ts'

/** The SHA-256 of a file, in hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Whether a file has the size that was written, and with `digest` the bytes; a file without a known digest has what its size says. */
export async function fileState(
  path: string,
  { bytes, sha256 }: Pick<LakeFile, 'bytes' | 'sha256'>,
  by: 'size' | 'digest',
): Promise<FileState> {
  try {
    const found = await stat(path)
    if (!found.isFile() || found.size !== bytes) return 'altered'
    if (by === 'size' || sha256 === undefined) return 'whole'
    return (await digestOf(path)) === sha256 ? 'whole' : 'altered'
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return 'missing'
    /* The disk gives it no more. */
    if (isErrno(error, 'EIO')) return 'altered'
    throw error
  }
}
