import { resolve } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Catalog } from '../../core/ports/ports.ts'
import type { ReadableLake } from '../../lake/readable-lake.ts'

/** The lake of a folder, which holds `lake/`: its files are where they are. */
export function folderLake(catalog: Pick<Catalog, 'entries'>, folder: string): ReadableLake {
  const root = resolve(folder)
  return {
    open: async ({ name, version }) => {
      const entries = await catalog.entries()
      const entry = entries.find(({ table }) => table.name === name && table.version === version)
      if (entry === undefined) throw new PipelineError('lake/unreadable', `${name} is not in the catalog`)
      return { entry, root }
    },
  }
}
