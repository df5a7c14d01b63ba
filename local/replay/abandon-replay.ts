import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { Catalog, ObjectStore } from '../../core/ports/ports.ts'
import { replayFileKey } from '../../engine/replay/replay-file-key.ts'
import { openDay } from '../../ingest/land/open-day.ts'
import type { ReplayState, ReplayStates } from './replay-state.ts'

export interface AbandonDeps {
  readonly objects: Pick<ObjectStore, 'delete'>
  readonly ledger: ReplayStates
}

/** Gives a replay up that readers never saw, and removes its files. Its revision is never used again. */
export async function abandonReplay(state: ReplayState, table: Table, deps: AbandonDeps): Promise<void> {
  const { objects, ledger } = deps
  /* First the state: with files gone, nobody may go on with it. */
  await ledger.replace({ ...state, state: 'abandoned' })
  /* A crash may have left the next chunk's file, which the ledger does not know yet. */
  for (const key of [...state.files.map((file) => file.key), replayFileKey(state, table)])
    await objects.delete(key)
  await ledger.replace({ ...state, state: 'abandoned', files: [] })
}

/** Whether a compaction folded the day of a replay's files: no reader of current looks there for what came later. */
export function isDayOver(
  { ingestDate }: Pick<ReplayState, 'ingestDate'>,
  entry: CatalogEntry | undefined,
): boolean {
  return entry !== undefined && openDay(entry, ingestDate) !== ingestDate
}

/** Gives up the replays of a table that were begun with another contract or whose day is over, and ends what a crash left of giving up. */
export async function dropStaleReplays(
  table: Table,
  deps: AbandonDeps & { readonly catalog: Pick<Catalog, 'entries'> },
): Promise<void> {
  const digest = contractDigest(table)
  const entries = await deps.catalog.entries()
  const shown = entries.find(
    (entry) => entry.table.name === table.name && entry.table.version === table.version,
  )
  for (const state of await deps.ledger.all()) {
    if (state.table !== table.name || state.version !== table.version) continue
    /* A crash came between showing it and saying so. */
    const isShown = shown?.revisions.includes(state.revision) === true
    if (isShown && state.state === 'running') await deps.ledger.replace({ ...state, state: 'complete' })
    if (isShown) continue
    const isStale = state.state === 'running' && (state.contract !== digest || isDayOver(state, shown))
    if (isStale || (state.state === 'abandoned' && state.files.length > 0))
      await abandonReplay(state, table, deps)
  }
}
