import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { encodeBlockHeader } from '../../core/block.ts'
import { blockColumns } from '../../core/contract/language/lake-columns.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { landObject } from '../../ingest/land/land-object.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import type { FolderCatalog } from '../../local/state/folder-catalog.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { freshCatalog } from '../support/fresh-catalog.ts'

/** A lake in a folder, filled the way the pipeline fills it: delivered objects are landed. */
export interface SmallLake {
  readonly catalog: FolderCatalog
  readonly objects: FolderObjects
  /** Registers a table, again when it has changed. */
  register(table: Table): Promise<void>
  /** Lands rows of one table as one object of a day. */
  land(table: Table, rows: readonly LakeRow[], day?: string): Promise<void>
}

export async function smallLake(root: string): Promise<SmallLake> {
  const objects = new FolderObjects(root)
  const catalog = await freshCatalog()
  let landed = 0
  return {
    catalog,
    objects,
    register: (table) => catalog.registerTables([catalogTable(table)]),
    async land(table, rows, day = '2024-01-01') {
      landed += 1
      const key = `landing/changes/${day.replaceAll('-', '/')}/00/o${landed}.ndjson.gz`
      await objects.put(key, await promisify(gzip)(blockText(table, rows)))
      await landObject(key, { objects, catalog, historyFiles: historyFiles([table]) })
      await objects.delete(key)
    },
  }
}

/** The text of a block. */
export function blockText({ name, version, ...table }: Table, rows: readonly LakeRow[]): string {
  const columns = blockColumns({ name, version, ...table })
  const header = encodeBlockHeader({ table: name, version, columns })
  return header + rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}
