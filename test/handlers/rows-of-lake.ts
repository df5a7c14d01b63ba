import type { Catalog, ObjectStore } from '../../core/ports/ports.ts'
import { LakeSession } from '../../engine/duckdb/lake-session.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'

/** What DuckDB reads of a lake in a bucket: its objects in a folder, by the entries of its catalog. */
export async function rowsOfLake(
  {
    objects,
    catalog,
  }: { readonly objects: Pick<ObjectStore, 'list' | 'get'>; readonly catalog: Pick<Catalog, 'entries'> },
  sql: string,
): Promise<readonly unknown[]> {
  const folder = await tempFolder()
  const copies = new FolderObjects(folder)
  for (const key of await objects.list('lake/')) await copies.put(key, await objects.get(key))
  const session = await LakeSession.open({ folder, entries: await catalog.entries() })
  try {
    const rows: unknown[] = []
    for await (const batch of (await session.query(sql)).batches) rows.push(...batch)
    return rows
  } finally {
    await session.close()
  }
}
