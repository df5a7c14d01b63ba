import { isOver, type Load, loadPrefix, type TableLoad } from '../../core/load/load.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'

/**
 * Deletes the files of the loads before the one of a table that is complete now: the files of the newest are the raw form of
 * its rows, and a replay lands them again; older ones have no use.
 */
export async function dropOlderFiles(
  { table, position }: Pick<TableLoad, 'table' | 'position'>,
  loads: readonly Load[],
  objects: Pick<ObjectStore, 'list' | 'delete'>,
): Promise<void> {
  for (const load of loads) {
    const isOlder = load.tables.some(
      (known) => known.table === table && isOver(known.state) && (known.position ?? '') < (position ?? ''),
    )
    if (!isOlder) continue
    for (const key of await objects.list(`${loadPrefix(load.id, table)}/`)) await objects.delete(key)
  }
}
