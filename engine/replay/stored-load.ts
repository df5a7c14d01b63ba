import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { type Load, loadPrefix, type TableLoad } from '../../core/load/load.ts'
import type { ObjectStore, PositionRange } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { StoredLoad } from './replay-deps.ts'

/**
 * The load whose files are kept, when its position lies in the range. Files of older loads count for nothing: its floor hides
 * them. Throws `lake/unreadable` for a file that is gone: without its rows a new version would lack them.
 */
export async function storedLoad(
  { source }: Table,
  { from = '', to = '~' }: PositionRange,
  loads: readonly Load[],
  objects: Pick<ObjectStore, 'list'>,
): Promise<StoredLoad | undefined> {
  let newest:
    | { readonly id: string; readonly position: Position; readonly files: TableLoad['files'] }
    | undefined
  for (const { id, tables } of loads) {
    const found = tables.find(({ table, state }) => table === source.table && state === 'complete')
    const position = found?.position ?? ''
    if (position > (newest?.position ?? '')) newest = { id, position, files: found?.files ?? [] }
  }
  if (newest === undefined || newest.position < from || newest.position > to) return undefined
  const keys = await objects.list(`${loadPrefix(newest.id, source.table)}/`)
  const here = new Set(keys)
  const gone = newest.files.find(({ key }) => !here.has(key))
  if (gone !== undefined)
    throw new PipelineError('lake/unreadable', `${gone.key} is gone: tidemark repair --file '${gone.key}'`)
  return { keys, position: newest.position }
}
