import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { isErrno, makeFolder, replaceFile } from '../../engine/files/durable.ts'

const TEMPORARY = /\.[0-9a-f]{12}\.tmp$/
const KEY = /^[A-Za-z0-9_=-][A-Za-z0-9_.=-]*(?:\/[A-Za-z0-9_=-][A-Za-z0-9_.=-]*)*$/

/** Objects as files of a folder, `/` in keys as folders. Keeps the guarantees of `ObjectStore`. */
export class FolderObjects implements ObjectStore {
  private readonly folder: string
  private readonly made = new Set<string>()

  constructor(folder: string) {
    this.folder = resolve(folder)
  }

  /** The file of a key. Throws RangeError for a key that could leave the folder, or that a file being written has. */
  path(key: string): string {
    if (!KEY.test(key) || key.length > 1024 || TEMPORARY.test(key)) throw new RangeError('not an object key')
    return join(this.folder, key)
  }

  async put(key: string, content: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const path = this.path(key)
    const folder = dirname(path)
    if (!this.made.has(folder)) await makeFolder(folder)
    this.made.add(folder)
    await replaceFile(path, content instanceof Uint8Array ? [content] : content)
  }

  async get(key: string): Promise<Buffer> {
    try {
      return await readFile(this.path(key))
    } catch (cause) {
      if (isErrno(cause, 'ENOENT')) throw new PipelineError('objects/missing', key, { cause })
      throw cause
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    /* As a key's beginning it must be one itself, or end in a slash. */
    const folder = dirname(this.path(`${prefix}x`))
    const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return []
      throw error
    })
    return names
      .filter((entry) => entry.isFile() && !TEMPORARY.test(entry.name))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(this.folder.length + 1)
          .replaceAll(sep, '/'),
      )
      .filter((key) => key.startsWith(prefix))
      .sort()
  }

  /** Text that another content of the same key does not have. */
  async version(key: string): Promise<string> {
    const { size, mtimeMs } = await stat(this.path(key))
    return `${size}-${mtimeMs}`
  }

  async delete(key: string): Promise<void> {
    await rm(this.path(key), { force: true })
  }
}
