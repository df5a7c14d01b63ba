import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeptFailure } from '../../engine/reconcile/kept-proofs.ts'
import { recordDocument } from '../../lake/compaction/plan/record-document.ts'
import { readJsonFile } from '../documents/json-file.ts'

/** What the last compaction of table versions, `name vN`, failed with; those that did not are left out. Throws `run/bad-folder`. */
export async function compactionFailures(root: string): Promise<Readonly<Record<string, KeptFailure>>> {
  const folder = join(root, 'compaction')
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) => name.endsWith('.json'))
  const failed: Record<string, KeptFailure> = {}
  for (const name of names.toSorted()) {
    const record = await readJsonFile(join(folder, name), recordDocument)
    if (record === undefined || record.failure === null) continue
    const { at, code, message } = record.failure
    failed[`${record.table} v${record.version}`] = { at: new Date(at).toISOString(), code, message }
  }
  return failed
}
