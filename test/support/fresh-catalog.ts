import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteFile } from '../../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../../local/sqlite/sqlite-items.ts'
import { FolderCatalog } from '../../local/state/folder-catalog.ts'

/** The catalog of a run folder, empty, in memory: what a reader opens where nothing was ever written. */
export async function freshCatalog(): Promise<FolderCatalog> {
  const file = await SqliteFile.openBeside(join(tmpdir(), randomUUID(), 'state.db'))
  const codes = { unavailable: 'ledger/unavailable', damaged: 'run/damaged' } as const
  return new FolderCatalog(new SqliteItems(file, 'catalog', codes))
}
