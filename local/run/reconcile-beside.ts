import { setTimeout as sleep } from 'node:timers/promises'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import { chooseContracts } from '../pipeline/choose-contracts.ts'
import { askOperation } from '../pipeline/folder-lock.ts'
import { readJsonFile } from '../pipeline/json-file.ts'
import { runFolder } from '../pipeline/run-folder.ts'
import { RunState } from '../pipeline/run-state.ts'
import { afterHealing, keysToHeal } from '../reconcile/after-healing.ts'
import { folderLake } from '../reconcile/folder-lake.ts'
import { type Proof, type ReconcileRequest, reconcile, type TableProof } from '../reconcile/reconcile.ts'
import { readSourceCatalog } from '../replicator/source-catalog.ts'
import { closeClient, connectSource, type Source } from '../replicator/source-connection.ts'
import { FileCatalog } from '../stores/file-catalog.ts'
import { FolderMaskKeys } from '../stores/folder-mask-keys.ts'
import { FolderQuarantine } from '../stores/folder-quarantine.ts'
import { runStatus } from './run-status.ts'

export interface BesideOptions {
  readonly dir: string
  readonly source: Source
  readonly system: string
  readonly contracts: readonly Table[]
  readonly timeoutMs: number
  readonly request?: ReconcileRequest | undefined
}

/** Reconciles a folder whose pipeline runs in another process; it waits for that one to reach the compared position, and asks it to heal. */
export async function reconcileBeside(options: BesideOptions): Promise<Proof> {
  const { dir, source, system, contracts, timeoutMs } = options
  const folder = runFolder(dir)
  const state = await RunState.read(folder.state)
  if (state === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  const sources = await loadedSources(source, Object.keys(state.loads))
  const tables = await chooseContracts(sources, contracts, {
    system,
    folder,
    isReadOnly: true,
  })
  const deadline = Date.now() + timeoutMs
  const { heal = false, ...request } = options.request ?? {}
  const proof = await reconcile({
    request,
    source,
    tables,
    epoch: state.epoch,
    lake: folderLake(new FileCatalog(folder.catalog), folder.root),
    scratch: folder.root,
    quarantine: reopened(folder.quarantine),
    /* Whoever runs there has made it. */
    maskKey: await new FolderMaskKeys({
      key: folder.maskKey,
      check: folder.maskCheck,
      isUsed: () => Promise.resolve(true),
    }).current(),
    reach: (lsn) => reach(folder.status, lsn, deadline),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return heal && !proof.equal ? healed(proof, dir, timeoutMs) : proof
}

/* Only the process that owns the folder can write into it. */
async function healed(proof: Proof, dir: string, timeoutMs: number): Promise<Proof> {
  const tables = await askOperation(
    dir,
    { kind: 'heal', keys: keysToHeal(proof) },
    { signal: AbortSignal.timeout(timeoutMs), onProgress: () => undefined },
  )
  /* The answer of `heal` in a process of this version: plain JSON. */
  return afterHealing(proof, tables as readonly TableProof[])
}

async function loadedSources(source: Source, names: readonly string[]) {
  const client = await connectSource(source, { applicationName: 'tidemark check' })
  try {
    return await readSourceCatalog(client, names)
  } finally {
    await closeClient(client)
  }
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

/* The other process appends to it: it is read as it is at the time of each listing. */
function reopened(path: string) {
  return {
    async *list(filter?: { readonly table?: string }) {
      const quarantine = await FolderQuarantine.open(path, { mode: 'read' })
      try {
        yield* quarantine.list(filter)
      } finally {
        await quarantine.close()
      }
    },
  }
}
