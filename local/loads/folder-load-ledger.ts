import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Load, LoadLedger } from '../../core/load.ts'
import { byStart, loadDocument } from '../../core/load-document.ts'
import { readJsonFile, writeJsonFile } from '../pipeline/json-file.ts'
import { isErrno } from '../stores/durable.ts'

/** The load ledger on a folder: one JSON file for each load, replaced as a whole. Keeps the guarantees of `LoadLedger`. */
export class FolderLoadLedger implements LoadLedger {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  save(load: Load): Promise<void> {
    return writeJsonFile(join(this.folder, `${load.id}.json`), { format: 1, ...load })
  }

  async all(): Promise<readonly Load[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
    const loads = await Promise.all(
      names
        .filter((name) => name.endsWith('.json'))
        .map((name) => readJsonFile(join(this.folder, name), loadDocument)),
    )
    return loads
      .flatMap((load) => {
        if (load === undefined) return []
        const { format: _, ...rest } = load
        return [rest]
      })
      .sort(byStart)
  }
}
