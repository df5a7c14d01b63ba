import { resolve } from 'node:path'
import { requireEntry } from '../../core/ports/catalog-entry.ts'
import type { Catalog } from '../../core/ports/ports.ts'
import type { ReadableLake } from '../../lake/readable-lake.ts'

/** The lake of a folder, which holds `lake/`: its files are where they are. */
export function folderLake(catalog: Pick<Catalog, 'entries'>, folder: string): ReadableLake {
  const root = resolve(folder)
  return {
    open: async (table) => ({ entry: requireEntry(await catalog.entries(), table), root }),
  }
}
