import { setTimeout as sleep } from 'node:timers/promises'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { afterHealing, keysToHeal } from '../../engine/reconcile/after-healing.ts'
import {
  type HealKeys,
  type Proof,
  type ReconcileDeps,
  type ReconcileRequest,
  reconcile,
} from '../../engine/reconcile/reconcile.ts'
import { knownContracts } from '../contracts/choose-contracts.ts'
import { readJsonFile } from '../documents/json-file.ts'
import { askRun } from '../pipeline/ask-run.ts'
import { folderLake } from '../reconcile/folder-lake.ts'
import { type RunFolder, runFolder } from '../state/run-folder.ts'
import { readState, storedRun } from '../state/state-file.ts'
import { FolderMaskKeys } from '../stores/folder-mask-keys.ts'
import { FolderQuarantine } from '../stores/folder-quarantine.ts'
import { runStatus } from './status/run-status.ts'

export interface BesideOptions {
  readonly dir: string
  readonly source: Source
  readonly system: string
  readonly contracts: readonly Table[]
  readonly timeoutMs: number
  readonly request?: ReconcileRequest | undefined
  readonly onProven?: ReconcileDeps['onProven']
}

/** Reconciles a folder whose pipeline runs in another process; it waits for that one to reach the compared position, and asks it to heal. */
export async function reconcileBeside(options: BesideOptions): Promise<Proof> {
  const { dir, source, system, contracts, timeoutMs } = options
  const folder = runFolder(dir)
  const state = await storedRun(folder)
  if (state === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  const tables = await contractsOf(Object.keys(state.loads), contracts, { system, file: folder.contracts })
  const deadline = Date.now() + timeoutMs
  const { heal = false, ...request } = options.request ?? {}
  /* Whoever runs there has made it. */
  const maskKey = await new FolderMaskKeys({
    key: folder.maskKey,
    check: folder.maskCheck,
    isUsed: () => Promise.resolve(true),
  }).current()
  const proof = await readState(folder, ({ catalog }) =>
    reconcile({
      request,
      onProven: options.onProven,
      source,
      tables,
      epoch: state.epoch,
      lake: folderLake(catalog, folder.root),
      scratch: folder.root,
      quarantine: reopened(folder),
      maskKey,
      reach: (lsn) => reach(folder.status, lsn, deadline),
      signal: AbortSignal.timeout(timeoutMs),
    }),
  )
  const keys = keysToHeal(proof)
  return heal && Object.keys(keys).length > 0 ? afterAsking(proof, { dir, keys, timeoutMs }) : proof
}

/* Only the process that owns the folder can write into it. */
async function afterAsking(
  proof: Proof,
  { dir, keys, timeoutMs }: { readonly dir: string; readonly keys: HealKeys; readonly timeoutMs: number },
): Promise<Proof> {
  const healed = await askRun(
    dir,
    { operation: { kind: 'heal', keys }, contracts: {} },
    { signal: AbortSignal.timeout(timeoutMs), onProgress: () => undefined },
  )
  return afterHealing(proof, healed)
}

/* As they were chosen when the run began: a table that the source has no longer is among them, and its proof says so. */
async function contractsOf(
  names: readonly string[],
  written: readonly Table[],
  options: Parameters<typeof knownContracts>[2],
): Promise<readonly Table[]> {
  const tables = await knownContracts(names, written, options)
  const without = names.find((name) => !tables.some(({ source }) => source.table === name))
  if (without === undefined) return tables
  throw new PipelineError(
    'run/contract-missing',
    `${without} is in the lake by a written contract, and none is given`,
  )
}

async function reach(statusPath: string, lsn: bigint, deadline: number): Promise<void> {
  for (;;) {
    const status = await readJsonFile(statusPath, runStatus)
    const isLoaded = status?.tables.every(({ state }) => state !== 'waiting' && state !== 'loading') ?? false
    if (status !== undefined && isLoaded && BigInt(status.landedLsn) >= lsn) return
    if (Date.now() > deadline)
      throw new PipelineError('run/timeout', 'the running pipeline did not reach the compared position')
    await sleep(100)
  }
}

/* The other process writes into it: it is read as it is at the time of each listing. */
function reopened(folder: RunFolder) {
  return {
    async *list(filter?: { readonly table?: string }) {
      const quarantine = await FolderQuarantine.open(folder, { mode: 'read' })
      try {
        yield* quarantine.list(filter)
      } finally {
        await quarantine.close()
      }
    },
  }
}
