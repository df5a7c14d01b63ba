import { randomBytes } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LakeFile } from '../../core/ports/catalog-entry.ts'
import type { FileState, ObjectFiles } from '../../core/ports/ports.ts'
import { makeFolder, syncFolder } from '../../engine/files/durable.ts'
import { fileState, measureFile } from '../../engine/files/file-digest.ts'
import type { FolderObjects } from './folder-objects.ts'

/** The objects of a folder as the files they are: nothing is copied. Keeps the guarantees of `ObjectFiles`. */
export class FolderFiles implements ObjectFiles {
  private readonly objects: FolderObjects
  private readonly folder: string
  private isMade = false

  /** `folder` is for files being written; it lies on the file system of the objects. */
  constructor(objects: FolderObjects, folder: string) {
    this.objects = objects
    this.folder = folder
  }

  async read(key: string): Promise<string> {
    return this.objects.path(key)
  }

  async scratch(name: string): Promise<string> {
    if (!this.isMade) await makeFolder(this.folder)
    this.isMade = true
    return join(this.folder, `${name}.${randomBytes(6).toString('hex')}.tmp`)
  }

  async publish(path: string, key: string): Promise<Pick<LakeFile, 'bytes' | 'sha256'>> {
    const target = this.objects.path(key)
    await makeFolder(dirname(target))
    const file = await open(path, 'r')
    try {
      /* DuckDB makes files that everybody may read. */
      await file.chmod(0o600)
      await file.sync()
      const written = await measureFile(file)
      await rename(path, target)
      await syncFolder(dirname(target))
      return written
    } finally {
      await file.close()
    }
  }

  verify(file: Pick<LakeFile, 'key' | 'bytes' | 'sha256'>, by: 'size' | 'digest'): Promise<FileState> {
    return fileState(this.objects.path(file.key), file, by)
  }
}
