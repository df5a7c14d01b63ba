import { join } from 'node:path'
import { printTableVersion, type TableVersion } from '../../core/contract/language/table-version.ts'
import type { Ledger } from '../../core/ports/ports.ts'
import { isOfLoad, type Replay } from '../../core/replay/replay.ts'
import { fileState } from '../../engine/files/file-digest.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import { moveAside } from '../stores/move-aside.ts'

export interface BookReplayDeps {
  readonly raw: Pick<FolderRawStore, 'heads'>
  /** Folder that holds `lake/`. */
  readonly root: string
  readonly books: Pick<Ledger, 'replayed' | 'replaceFiles' | 'recordLoadFile'> &
    Pick<FolderLedger, 'days' | 'files' | 'isBalanced' | 'records'>
  /** Every contract there is, and the source table it reads. */
  readonly readers: readonly { readonly contract: TableVersion; readonly source: string }[]
}

/**
 * Writes a shown replay into the ledger: the pages that it read whole, and the files that are gone or damaged and whose rows
 * it brought back; a damaged one is kept below `damaged/`. Files of loads whose counts did not agree are counted as it landed
 * them. Running it again changes nothing.
 */
export async function bookReplay(
  replay: Replay,
  source: string,
  { raw, root, books, readers }: BookReplayDeps,
): Promise<void> {
  const { table, version, landedAgain, files, after, from, to } = replay
  const isWhole = (first: string | null, last: string | null) =>
    (from === null || (first !== null && first >= from)) &&
    (to === null || (last !== null && last.slice(0, -1) <= to.slice(0, -1)))
  const pages: string[] = []
  for await (const { key, firstPosition, lastPosition } of raw.heads(source, from === null ? {} : { from }))
    if (key <= (after ?? '') && isWhole(firstPosition, lastPosition) && !books.isBalanced(key))
      pages.push(key)
  const contracts = readers.filter((one) => one.source === source).map(({ contract }) => contract)
  await settleLoadFiles(replay, source, books)
  await books.replayed({ contract: { name: table, version }, contracts, pages, from, to })
  const own = new Set(files.map(({ key }) => key))
  for (const day of await books.days()) {
    if (day.table !== table || day.version !== version) continue
    const removed: string[] = []
    for (const file of await books.files(day)) {
      if (own.has(file.key) || !isWhole(file.first, file.last)) continue
      if (isOfLoad(file.key) && landedAgain.length === 0) continue
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
  { table, version, landedAgain }: Replay,
  source: string,
  books: BookReplayDeps['books'],
): Promise<void> {
  if (landedAgain.length === 0) return
  const contract = printTableVersion({ name: table, version })
  const again = new Map(landedAgain.map((file) => [file.key, file]))
  for await (const file of books.records.loadFiles()) {
    if (file.table !== source || !(contract in file.landed || contract in file.refused)) continue
    const [landed = 0, refused = 0] = [file.landed[contract], file.refused[contract]]
    if (landed + refused === file.rows) continue
    const counted = again.get(file.key) ?? { rows: file.rows, landed: file.rows - refused, refused }
    await books.recordLoadFile({
      ...file,
      rows: counted.rows,
      files: [],
      landed: { ...file.landed, [contract]: counted.landed },
      refused: { ...file.refused, [contract]: counted.refused },
    })
  }
}
