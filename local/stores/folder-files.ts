import { randomBytes } from 'node:crypto'
import { open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LakeFile } from '../../core/ports/catalog-entry.ts'
import type { FileState, ObjectFiles } from '../../core/ports/ports.ts'
import { makeFolder, syncFolder } from '../../engine/files/durable.ts'
import { digestOf, fileState } from '../../engine/files/file-digest.ts'
import type { FolderObjects } from './folder-objects.ts'

/** The objects of a folder as the files they are: nothing is copied. Keeps the guarantees of `ObjectFiles`. */
export class FolderFiles implements ObjectFiles {
  private readonly objects: FolderObjects
  private readonly folder: string

  /** `folder` is for files being written; it lies on the file system of the objects. */
  constructor(objects: FolderObjects, folder: string) {
    this.objects = objects
    this.folder = folder
  }

  async read(key: string): Promise<string> {
    return this.objects.path(key)
  }

  async scratch(name: string): Promise<string> {
    await makeFolder(this.folder)
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
    } finally {
      await file.close()
    }
    await rename(path, target)
    await syncFolder(dirname(target))
    return { bytes: (await stat(target)).size, sha256: await digestOf(target) }
  }

  verify(file: Pick<LakeFile, 'key' | 'bytes' | 'sha256'>, by: 'size' | 'digest'): Promise<FileState> {
    return fileState(this.objects.path(file.key), file, by)
  }
}
