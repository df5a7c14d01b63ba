import { createHash } from 'node:crypto'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { LakeFile } from '../../core/ports/catalog-entry.ts'
import type { FileState } from '../../core/ports/ports.ts'
import { isErrno } from './durable.ts'

/** The SHA-256 of a file, in hex. */
export async function digestOf(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    return (await measureFile(file)).sha256
  } finally {
    await file.close()
  }
}

const PIECE_BYTES = 256 << 10

/** The size and the SHA-256, in hex, of a file that is open and does not grow. */
export async function measureFile(
  file: FileHandle,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  const { size } = await file.stat()
  const piece = Buffer.allocUnsafe(Math.min(size, PIECE_BYTES))
  let bytes = 0
  while (bytes < size) {
    const { bytesRead } = await file.read(piece, 0, piece.length, bytes)
    if (bytesRead === 0) break
    hash.update(piece.subarray(0, bytesRead))
    bytes += bytesRead
  }
  return { bytes, sha256: hash.digest('hex') }
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
