import { readdir } from 'node:fs/promises'
import { PipelineError } from '../../core/failures/failures.ts'

/* Where the state lay before it was items. */
const OLD = [
  'raw',
  'ledger',
  'checkpoint.json',
  'quarantine',
  'loads',
  'replays',
  'compaction',
  'proofs.json',
  'catalog.json',
  'state.json',
]

/** Throws `run/bad-folder` for a run folder of before its state was items; nothing of it is changed. */
export async function refuseOldForm(root: string): Promise<void> {
  const names = await readdir(root).catch((): string[] => [])
  const old = names.find((name) => OLD.includes(name))
  if (old !== undefined)
    throw new PipelineError(
      'run/bad-folder',
      `${root} has the form of an earlier version, with \`${old}\`. It stays as it is; load its tables into a new folder: tidemark dev --reload --dir <new folder>`,
    )
}
