import type { Table } from '../../core/contract/table.ts'
import type { Ledger, ObjectStore, PositionRange } from '../../core/ports.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import type { ReplayState } from './replay-ledger.ts'

export type ReplayBooks = Pick<Ledger, 'replayed' | 'replaceFiles'> &
  Pick<FolderLedger, 'days' | 'files' | 'isBalanced'>

export interface BookReplayDeps {
  readonly raw: FolderRawStore
  readonly objects: Pick<ObjectStore, 'list'>
  readonly books: ReplayBooks
  readonly readers: readonly { readonly contract: string; readonly source: string }[]
}

/**
 * Writes a shown replay into the ledger: its files, the pages that it read whole, and the files that are gone and whose
 * rows it brought back. Running it again changes nothing.
 */
export async function bookReplay(
  { table: name, version, ingestDate, files, rawPages, from, to }: ReplayState,
  { table, range }: { readonly table: Table; readonly range: PositionRange },
  { raw, objects, books, readers }: BookReplayDeps,
): Promise<void> {
  const source = table.source.table
  const isWhole = (first: string, last: string) =>
    (range.from === undefined || first >= range.from) &&
    (range.to === undefined || last.slice(0, -1) <= range.to.slice(0, -1))
  const pages = raw.pagesOf(source, range, rawPages).flatMap((place) => {
    const page = raw.header(place)
    const isRead = page !== undefined && isWhole(page.firstPosition, page.lastPosition)
    return isRead && !books.isBalanced(page.key) ? [page.key] : []
  })
  const contracts = readers.filter((one) => one.source === source).map(({ contract }) => contract)
  const added = files.map(({ key, rows, bytes }) => ({ key, rows, bytes, first: from, last: to }))
  await books.replaceFiles({ table: name, version, day: ingestDate, added, removed: [] })
  await books.replayed({ contract: `${name} v${version}`, contracts, pages, from, to })
  const there = new Set(await objects.list(`${catalogTable(table).location}/`))
  for (const day of await books.days()) {
    if (day.table !== name || day.version !== version) continue
    const gone = (await books.files(day)).filter(
      ({ key, first, last }) => !there.has(key) && first !== null && last !== null && isWhole(first, last),
    )
    if (gone.length > 0) await books.replaceFiles({ ...day, added: [], removed: gone.map(({ key }) => key) })
  }
}
