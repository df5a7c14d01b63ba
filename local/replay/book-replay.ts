import { join } from 'node:path'
import type { Table } from '../../core/contract/language/table.ts'
import type { Ledger, PositionRange } from '../../core/ports/ports.ts'
import { fileState } from '../../engine/files/file-digest.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import { moveAside } from '../stores/move-aside.ts'
import type { ReplayState } from './replay-state.ts'

export type ReplayBooks = Pick<Ledger, 'replayed' | 'replaceFiles' | 'recordLoadFile'> &
  Pick<FolderLedger, 'days' | 'files' | 'isBalanced' | 'book'>

export interface BookReplayDeps {
  readonly raw: FolderRawStore
  /** Folder that holds `lake/`. */
  readonly root: string
  readonly books: ReplayBooks
  readonly readers: readonly { readonly contract: string; readonly source: string }[]
}

/* Its rows come back of the load's own files alone. */
const OF_A_LOAD = /\/load-[^/]*\.parquet$/

/**
 * Writes a shown replay into the ledger: its files, the pages that it read whole, and the files that are gone or
 * damaged and whose rows it brought back; a damaged one is kept below `damaged/`. Files of loads whose counts did not agree
 * are counted as it landed them. Running it again changes nothing.
 */
export async function bookReplay(
  state: ReplayState,
  { table, range }: { readonly table: Table; readonly range: PositionRange },
  { raw, root, books, readers }: BookReplayDeps,
): Promise<void> {
  const { table: name, version, ingestDate, files, loadFiles, rawPages, from, to } = state
  const source = table.source.table
  const isWhole = (first: string | null, last: string | null) =>
    (range.from === undefined || (first !== null && first >= range.from)) &&
    (range.to === undefined || (last !== null && last.slice(0, -1) <= range.to.slice(0, -1)))
  const pages = raw.pagesOf(source, range, rawPages).flatMap((place) => {
    const page = raw.header(place)
    const isRead = page !== undefined && isWhole(page.firstPosition, page.lastPosition)
    return isRead && !books.isBalanced(page.key) ? [page.key] : []
  })
  const contracts = readers.filter((one) => one.source === source).map(({ contract }) => contract)
  const added = files.map((file) => ({ ...file, first: from, last: to }))
  await books.replaceFiles({ table: name, version, day: ingestDate, added, removed: [] })
  await settleLoadFiles(state, source, books)
  await books.replayed({ contract: `${name} v${version}`, contracts, pages, from, to })
  for (const day of await books.days()) {
    if (day.table !== name || day.version !== version) continue
    const removed: string[] = []
    for (const file of await books.files(day)) {
      if (!isWhole(file.first, file.last) || (OF_A_LOAD.test(file.key) && loadFiles === 0)) continue
      const state = await fileState(join(root, file.key), file, 'digest')
      if (state !== 'whole') removed.push(file.key)
      /* Before the ledger forgets it: cut off in between, it is a file that is gone. */
      if (state === 'altered') await moveAside(root, file.key)
    }
    if (removed.length > 0) await books.replaceFiles({ ...day, added: [], removed })
  }
}

/* A file of an older load than the one that was landed again has no row that readers see. */
async function settleLoadFiles(
  { table, version, landedAgain }: ReplayState,
  source: string,
  books: ReplayBooks,
): Promise<void> {
  if (landedAgain.length === 0) return
  const contract = `${table} v${version}`
  const again = new Map(landedAgain.map((file) => [file.key, file]))
  for (const file of [...books.book.loadFiles.all()]) {
    if (file.table !== source || !(contract in file.landed || contract in file.refused)) continue
    const [landed = 0, refused = 0] = [file.landed[contract], file.refused[contract]]
    if (landed + refused === file.rows) continue
    const counted = again.get(file.key) ?? { rows: file.rows, landed: file.rows - refused, refused }
    await books.recordLoadFile({
      ...{ ...file, rows: counted.rows, files: [] },
      landed: { ...file.landed, [contract]: counted.landed },
      refused: { ...file.refused, [contract]: counted.refused },
    })
  }
}
