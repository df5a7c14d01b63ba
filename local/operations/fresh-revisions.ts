import type { Table } from '../../core/contract/language/table.ts'
import { nextRevision } from '../../engine/replay/next-revision.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import type { OperationParts } from './operation-parts.ts'

/** One new revision for each table of an operation, shown before its rows come: each of them is right by itself. */
export function freshRevisions({
  catalog,
  documents,
}: Pick<OperationParts, 'catalog' | 'documents'>): (table: Table) => Promise<number> {
  const ledger = new ReplayDocuments(documents)
  const known = new Map<Table, number>()
  return async (table) => {
    const before = known.get(table)
    if (before !== undefined) return before
    const revision = await nextRevision(table, { catalog, ledger })
    await catalog.publishRevision(table.name, table.version, revision)
    known.set(table, revision)
    return revision
  }
}
