import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { MaskKey } from '../../core/contract/pii.ts'
import type { MaskKeys } from '../../core/ports.ts'
import { makeFolder, replaceFile } from './durable.ts'

/** The masking key in a file that only its owner can read, made at the first call. */
export class FolderMaskKeys implements MaskKeys {
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  async current(): Promise<MaskKey> {
    const known = await readFile(this.path, 'utf8').catch(() => undefined)
    if (known !== undefined) return Buffer.from(known.trim(), 'hex')
    const key = randomBytes(32)
    await makeFolder(dirname(this.path))
    await replaceFile(this.path, [Buffer.from(`${key.toString('hex')}\n`)])
    return key
  }
}
