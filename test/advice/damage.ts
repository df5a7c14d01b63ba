import type { PageRecord } from '../../core/ledger/ledger.ts'
import { router } from '../../formatters/route.ts'
import { storedContracts } from '../../local/contracts/choose-contracts.ts'
import { formattedPage } from '../../local/recovery/page-rows.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { openStores } from '../support/open-stores.ts'

/**
 * A page of the newest changes of things once more, under a key of its own: what it says is in the lake already. Format is
 * done with it, and has recorded what `change` makes of its record, or nothing.
 */
export async function addPage(
  dir: string,
  change?: (record: PageRecord) => PageRecord | undefined,
): Promise<void> {
  const { raw, ledger, close } = await openStores(dir)
  const { value: page } = await raw.newestFirst('public.things').next()
  if (page === undefined) throw new Error('no page of things')
  const again = { ...page, key: page.key.replace(/#[^#]*#(\d+)$/, '#again#$1') }
  await raw.put([again])
  const tables = await storedContracts(runFolder(dir).contracts)
  const changed = change?.(formattedPage(again, router(tables, Buffer.alloc(32))).record)
  await ledger.passTo(raw.length, changed === undefined ? [] : [changed])
  await close()
}

/** A block of things that delivery never wrote. */
export function unrecordedBlock(dir: string): Promise<void> {
  return addPage(dir, (record) => record)
}

/** A file of the newest load of things whose rows are not all counted. */
export async function unevenLoadFile(dir: string): Promise<void> {
  const { ledger, close } = await openStores(dir)
  let file: Parameters<typeof ledger.recordLoadFile>[0] | undefined
  for await (const one of ledger.records.loadFiles()) if (one.table === 'public.things') file = one
  if (file === undefined) throw new Error('no load of things')
  const landed = Object.fromEntries(Object.entries(file.landed).map(([name, rows]) => [name, rows - 1]))
  await ledger.recordLoadFile({ ...file, landed })
  await close()
}
