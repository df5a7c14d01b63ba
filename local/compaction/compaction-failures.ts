import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { KeptFailure } from '../../engine/reconcile/kept-proofs.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'

/** What the last compaction of table versions, `name vN`, failed with; those that did not are left out. */
export async function compactionFailures(
  documents: Documents,
): Promise<Readonly<Record<string, KeptFailure>>> {
  const failed: Record<string, KeptFailure> = {}
  for (const { table, version, failure } of await new CompactionDocuments(documents).all())
    if (failure !== null) {
      const { at, code, message } = failure
      failed[printTableVersion({ name: table, version })] = { at: new Date(at).toISOString(), code, message }
    }
  return failed
}
