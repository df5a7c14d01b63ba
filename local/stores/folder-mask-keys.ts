import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { MaskKey } from '../../core/contract/pii.ts'
import { PipelineError } from '../../core/failures.ts'
import type { MaskKeys } from '../../core/ports.ts'
import { createFile, makeFolder, readIfThere } from './durable.ts'

/**
 * The masking key in a file that only its owner can read, made at the first call. Throws `run/bad-folder` for a file
 * that holds no key: another key would be another hash for every person.
 */
export class FolderMaskKeys implements MaskKeys {
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  async current(): Promise<MaskKey> {
    const known = await readIfThere(this.path)
    if (known === undefined) {
      await makeFolder(dirname(this.path))
      await createFile(this.path, [Buffer.from(`${randomBytes(32).toString('hex')}\n`)])
    }
    const text = (known ?? (await readIfThere(this.path)) ?? '').trim()
    if (!/^[0-9a-f]{64}$/.test(text))
      throw new PipelineError('run/bad-folder', `${this.path} does not hold a masking key`)
    return Buffer.from(text, 'hex')
  }
}
