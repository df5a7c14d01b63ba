import type { Table } from '../../core/contract/language/table.ts'
import { isSameVersion } from '../../core/contract/language/table-version.ts'
import type { Catalog } from '../../core/ports/ports.ts'

/** Replays that were begun, whatever became of them. */
export interface BegunReplays {
  all(): Promise<readonly { readonly table: string; readonly version: number; readonly revision: number }[]>
}

/** A revision of a table that no reading has: higher than all that readers see and all that replays have begun. */
export async function nextRevision(
  table: Table,
  { catalog, ledger }: { readonly catalog: Pick<Catalog, 'entries'>; readonly ledger: BegunReplays },
): Promise<number> {
  const { name, version } = table
  const begun = (await ledger.all()).filter((state) => state.table === name && state.version === version)
  const seen = (await catalog.entries()).find((entry) => isSameVersion(entry.table, table))?.revisions ?? []
  return Math.max(0, ...seen, ...begun.map(({ revision }) => revision)) + 1
}
