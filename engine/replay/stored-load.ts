import type { Table } from '../../core/contract/language/table.ts'
import { type Load, loadPrefix } from '../../core/load/load.ts'
import type { ObjectStore, PositionRange } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { StoredLoad } from './replay-deps.ts'

/** The load whose files are kept, when its position lies in the range. Files of older loads count for nothing: its floor hides them. */
export async function storedLoad(
  { source }: Table,
  { from = '', to = '~' }: PositionRange,
  loads: readonly Load[],
  objects: Pick<ObjectStore, 'list'>,
): Promise<StoredLoad | undefined> {
  let newest: { readonly id: string; readonly position: Position } | undefined
  for (const { id, tables } of loads) {
    const found = tables.find(({ table, state }) => table === source.table && state === 'complete')
    const position = found?.position ?? ''
    if (position > (newest?.position ?? '')) newest = { id, position }
  }
  if (newest === undefined || newest.position < from || newest.position > to) return undefined
  const keys = await objects.list(`${loadPrefix(newest.id, source.table)}/`)
  return { keys, position: newest.position }
}
