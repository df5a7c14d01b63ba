import type { PageRecord } from '../../core/ledger/ledger.ts'
import type { Page } from '../../core/page.ts'
import { router } from '../../formatters/route.ts'
import { storedContracts } from '../../local/contracts/choose-contracts.ts'
import { FolderLedger } from '../../local/ledger/folder-ledger.ts'
import { formattedPage } from '../../local/recovery/page-rows.ts'
import { readCheckpoint, writeCheckpoint } from '../../local/state/checkpoint.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { FolderRawStore } from '../../local/stores/folder-raw-store.ts'

/**
 * A page of the newest changes of things once more, under a key of its own: what it says is in the lake already. Format is
 * done with it, and has recorded what `change` makes of its record, or nothing.
 */
export async function addPage(
  dir: string,
  change?: (record: PageRecord) => PageRecord | undefined,
): Promise<void> {
  const folder = runFolder(dir)
  const raw = await FolderRawStore.open(folder.raw)
  const place = raw.pagesOf('public.things', {}, raw.length).at(-1) ?? 0
  const page: Page = await raw.page(place)
  await raw.put([{ ...page, key: page.key.replace(/#[^#]*#(\d+)$/, '#again#$1') }])
  const formatted = await readCheckpoint(folder.checkpoint)
  const ledger = await FolderLedger.open(folder.ledger, { feed: raw, formatted })
  if (change !== undefined) {
    const tables = await storedContracts(folder.contracts)
    const { record } = await formattedPage(raw.length - 1, raw, router(tables, Buffer.alloc(32)))
    const changed = change(record)
    if (changed !== undefined) await ledger.formatted([changed])
  }
  await writeCheckpoint(folder.checkpoint, raw.length)
  await ledger.close()
  await raw.close()
}

/** A block of things that delivery never wrote. */
export function unrecordedBlock(dir: string): Promise<void> {
  return addPage(dir, (record) => record)
}

/** A file of the newest load of things whose rows are not all counted. */
export async function unevenLoadFile(dir: string): Promise<void> {
  const folder = runFolder(dir)
  const raw = await FolderRawStore.open(folder.raw)
  const ledger = await FolderLedger.open(folder.ledger, { feed: raw, formatted: raw.length })
  const file = [...ledger.book.loadFiles.all()].findLast(({ table }) => table === 'public.things')
  if (file === undefined) throw new Error('no load of things')
  const landed = Object.fromEntries(Object.entries(file.landed).map(([name, rows]) => [name, rows - 1]))
  await ledger.recordLoadFile({ ...file, landed })
  await ledger.close()
  await raw.close()
}
