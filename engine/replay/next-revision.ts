import type { Table } from '../../core/contract/language/table.ts'
import type { Catalog } from '../../core/ports/ports.ts'

/** Replays that were begun, whatever became of them. */
export interface BegunReplays {
  all(): Promise<readonly { readonly table: string; readonly version: number; readonly revision: number }[]>
}

/** A revision of a table that no reading has: higher than all that readers see and all that replays have begun. */
export async function nextRevision(
  { name, version }: Table,
  { catalog, ledger }: { readonly catalog: Pick<Catalog, 'entries'>; readonly ledger: BegunReplays },
): Promise<number> {
  const begun = (await ledger.all()).filter((state) => state.table === name && state.version === version)
  const entries = await catalog.entries()
  const seen = entries.find(({ table }) => table.name === name && table.version === version)?.revisions ?? []
  return Math.max(0, ...seen, ...begun.map(({ revision }) => revision)) + 1
}
