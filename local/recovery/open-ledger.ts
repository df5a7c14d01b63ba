import type { Clock, Logger } from '../../core/ports/ports.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import { type RebuildLedgerDeps, rebuildLedger } from './rebuild-ledger.ts'

/**
 * Opens the ledger of a folder. One that `repair` took away is written anew from what is there. Throws what reading raw
 * pages and the lake throws.
 */
export async function openLedger(
  deps: Omit<RebuildLedgerDeps, 'engine' | 'ledger'> & { readonly log: Logger; readonly now: Clock },
): Promise<FolderLedger> {
  const { folder, state, raw, log, now } = deps
  const open = () => FolderLedger.open({ items: state.ledger, raw, now })
  const ledger = await open()
  if (!ledger.isLost) return ledger
  log.warn('ledger.rebuild', { pages: raw.length })
  await makeFolder(folder.scratch)
  const engine = await DuckEngine.open({ temporary: folder.scratch })
  try {
    await rebuildLedger({ ...deps, ledger, engine })
  } finally {
    engine.close()
  }
  return open()
}
