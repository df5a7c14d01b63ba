import type { Table } from '../../core/contract/language/table.ts'
import type { FailureCode } from '../../core/failures/failures.ts'
import type { Operation } from '../../core/operations/operations.ts'
import type { Catalog, QuarantineEntry } from '../../core/ports/ports.ts'
import type { FolderQuarantine } from '../stores/folder-quarantine.ts'
import { heldUntilLoaded, isLoadedSince } from './held-until-loaded.ts'

export interface Released {
  readonly quarantine: Pick<FolderQuarantine, 'headers'>
  readonly catalog: Pick<Catalog, 'entries'>
  /** As they are when it is called. */
  readonly tables: readonly Table[]
}

/**
 * Redrives, each time it is called, the changes that only waited for another load of their table, or for its contract, once
 * a load that began behind them is complete. What is refused then is not tried again by itself until the next start.
 */
export function releaseLoaded(
  pipeline: Released,
  perform: (operation: Operation) => Promise<unknown>,
): () => Promise<void> {
  const { quarantine, catalog } = pipeline
  let tried: ReadonlySet<string> = new Set()
  return async () => {
    const contracted = new Set(pipeline.tables.map(({ source }) => source.table))
    const causeOf = (entry: Waiting) => heldUntilLoaded(entry)?.code ?? lackedContract(entry, contracted)
    const held = quarantine.headers().filter((entry) => causeOf(entry) !== undefined)
    if (held.length === 0) return
    const entries = await catalog.entries()
    const due = held.filter((entry) => isLoadedSince(entry, entries))
    const causes = new Map<string, Set<FailureCode>>()
    for (const entry of due) {
      const code = causeOf(entry)
      if (entry.table === null || code === undefined || tried.has(entry.id)) continue
      causes.set(entry.table, (causes.get(entry.table) ?? new Set()).add(code))
    }
    for (const [table, codes] of causes)
      for (const cause of codes) {
        await perform({ kind: 'redrive', table, cause, isDryRun: false })
      }
    tried = new Set(due.map(({ id }) => id))
  }
}

type Waiting = Pick<QuarantineEntry, 'table' | 'position' | 'reasons'>

/* A table that was followed under another name, or not at all, when the change came. */
function lackedContract(
  { table, reasons }: Waiting,
  contracted: ReadonlySet<string>,
): FailureCode | undefined {
  if (table === null || !contracted.has(table)) return undefined
  return reasons.find(({ code }) => code === 'format/no-contract')?.code
}
