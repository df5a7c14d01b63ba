import { readdir, stat, statfs } from 'node:fs/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load } from '../../core/load/load.ts'
import { type KeptFailure, type KeptProofs, noProofs } from '../../engine/reconcile/kept-proofs.ts'
import { readProofs } from '../../engine/reconcile/proof-document.ts'
import { compactionFailures } from '../compaction/compaction-failures.ts'
import { readJsonFile } from '../documents/json-file.ts'
import { folderHolder } from '../pipeline/folder-lock.ts'
import { type Damage, examineFolder } from '../recovery/examine-folder.ts'
import { type RunStatus, runStatus } from '../run/status/run-status.ts'
import { refuseOldForm } from '../state/refuse-old-form.ts'
import { runFolder } from '../state/run-folder.ts'
import type { RunStateData } from '../state/run-state.ts'
import { readDocuments, storedLoads, storedRun } from '../state/state-file.ts'

/** What lies in a run folder, and who has it. */
export interface FolderFacts {
  /** As the user wrote it, for commands. */
  readonly dir: string
  readonly now: number
  readonly freeBytes: number
  /** Process that has the folder, 0 when it is too busy to say; undefined when none does. */
  readonly holder: number | undefined
  /** Files of the folder's state that are not what this version writes. */
  readonly unreadable: readonly string[]
  /** Files that are gone, or hold other bytes than were written. */
  readonly damages: readonly Damage[]
  readonly state: RunStateData | undefined
  readonly status: RunStatus | undefined
  readonly proofs: Pick<KeptProofs, 'tables' | 'failed'>
  readonly loads: readonly Load[]
  /** What the last compaction of table versions failed with. */
  readonly uncompacted: Readonly<Record<string, KeptFailure>>
  /** Permission bits of the masking key; undefined without one. */
  readonly keyMode: number | undefined
}

/** Reads a folder beside whatever runs in it, and writes nothing. Throws `run/not-found` where there is no run, and `run/bad-folder`. */
export async function readFolder(dir: string, now: number): Promise<FolderFacts> {
  const folder = runFolder(dir)
  await refuseOldForm(folder.root)
  const names = await readdir(folder.root).catch((): string[] => [])
  if (!names.some((name) => name === 'state.db' || name === 'inventory.json'))
    throw new PipelineError('run/not-found', `no run in ${dir}`)
  const unreadable: string[] = []
  const whole = async <T>(name: string, reading: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await reading
    } catch {
      unreadable.push(name)
      return otherwise
    }
  }
  const { bavail, bsize } = await statfs(folder.root)
  const facts = {
    dir,
    now,
    freeBytes: bavail * bsize,
    holder: await folderHolder(dir),
    state: await whole('state.db/run', storedRun(folder), undefined),
    status: await whole('status.json', readJsonFile(folder.status, runStatus), undefined),
    proofs: await whole('state.db/proofs', readDocuments(folder, readProofs), noProofs),
    loads: await whole('state.db/loads/', storedLoads(folder), []),
    uncompacted: await whole('state.db/compaction/', readDocuments(folder, compactionFailures), {}),
    keyMode: await modeOf(folder.maskKey),
  }
  return { ...facts, unreadable, damages: await examineFolder(folder) }
}

async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? undefined : found.mode & 0o777
}
