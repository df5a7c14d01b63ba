import { mkdir } from 'node:fs/promises'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import type { Clock, Logger } from '../../core/ports.ts'
import { parseOperation, runOperation } from '../operations/operation.ts'
import { OperationQueue } from '../operations/operation-queue.ts'
import { chooseContracts } from '../pipeline/choose-contracts.ts'
import { type FolderLock, lockFolder } from '../pipeline/folder-lock.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { type RunFolder, runFolder } from '../pipeline/run-folder.ts'
import { RunState, type RunStateData } from '../pipeline/run-state.ts'
import { SourceRun } from '../pipeline/source-run.ts'
import { type Proof, reconcile } from '../reconcile/reconcile.ts'
import { checkSource } from '../replicator/check-source.ts'
import type { SourceTable } from '../replicator/source-catalog.ts'
import { addressOf, closeClient, connectSource, type Source } from '../replicator/source-connection.ts'
import type { BufferingHints } from '../stores/folder-delivery.ts'
import { FolderMaskKeys } from '../stores/folder-mask-keys.ts'
import { clearLeftovers } from './clear-leftovers.ts'
import { dropOwnSlot } from './drop-own-slot.ts'
import { type RunStatus, StatusFile } from './run-status.ts'

export interface LocalRunOptions {
  /** Folder of everything that is kept. */
  readonly dir: string
  readonly source: Source
  readonly isEmbedded: boolean
  /** Name of the source system in contracts. */
  readonly system: string
  readonly contracts: readonly Table[]
  readonly patterns: readonly string[]
  readonly slot: string
  readonly publication: string
  readonly hints: BufferingHints
  /** A new slot and every table loaded again. */
  readonly reload: boolean
  readonly log: Logger
  readonly now?: Clock
}

/** The whole pipeline on one source and one folder, running until `stop`. */
export interface LocalRun {
  readonly tables: readonly Table[]
  readonly pipeline: Pipeline
  status(): RunStatus
  /** Resolves when every table is loaded and queryable. */
  loaded(signal: AbortSignal): Promise<void>
  reconcile(signal: AbortSignal, onTable?: (table: string) => void): Promise<Proof>
  /** Rejects when capture or a stage fails; never resolves. */
  readonly failed: Promise<never>
  stop(): Promise<void>
}

/** Checks the source, opens the folder and starts every stage. Throws `source/…`, `run/…` and `contract/…` failures. */
export async function openLocalRun(options: LocalRunOptions): Promise<LocalRun> {
  await mkdir(options.dir, { recursive: true, mode: 0o755 })
  const lock = await lockFolder(options.dir)
  try {
    return await openLocked(options, runFolder(options.dir), lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(options: LocalRunOptions, folder: RunFolder, lock: FolderLock): Promise<LocalRun> {
  const { source, log, hints, now = Date.now } = options
  await clearLeftovers(folder, now())
  const { state, sources } = await inspect(options, folder)
  const tables = await chooseContracts(sources, options.contracts, {
    system: options.system,
    file: folder.contracts,
  })
  let run: SourceRun | undefined
  const pipeline = await Pipeline.open({
    folder,
    tables,
    hints,
    log,
    now,
    landed: async (pages) => run?.completeLoads(pages),
  })
  const loadRows = new Map<string, number>()
  run = new SourceRun({
    source,
    tables: sources,
    state,
    pipeline,
    log,
    onLoad: (table, rows) => loadRows.set(table, rows),
  })
  const abort = new AbortController()
  pipeline.start()
  const capture = run.run(abort.signal)
  const operations = new OperationQueue()
  lock.serve(async (request, { emit, signal }) => {
    const asked = parseOperation(request)
    const either = AbortSignal.any([abort.signal, signal])
    return operations.run(
      () => runOperation(asked, { pipeline, now, signal: either, onProgress: emit }),
      () => new PipelineError('run/locked', 'the running Tidemark is stopping'),
    )
  })
  const failed = Promise.race([pipeline.failed, capture.then(() => new Promise<never>(() => undefined))])
  failed.catch(() => undefined)
  const statusFile = new StatusFile(folder.status, { pipeline, state, run, tables, loadRows, now })
  statusFile.start()

  return {
    tables,
    pipeline,
    failed,
    status: () => statusFile.current(),
    loaded: (signal) => Promise.race([allLoaded(state, sources, signal), failed]),
    reconcile: async (signal, onTable) =>
      reconcile({
        source,
        tables,
        epoch: state.data.epoch,
        catalog: pipeline.catalog,
        quarantine: pipeline.quarantine,
        maskKey: await new FolderMaskKeys(folder.maskKey).current(),
        root: folder.root,
        reach: (lsn) => Promise.race([pipeline.reach(lsn, signal), failed]),
        signal,
        ...(onTable === undefined ? {} : { onTable }),
      }),
    async stop() {
      abort.abort()
      /* An operation ends where it can go on; after a failed stage it may wait for a delivery that never comes. */
      await Promise.race([operations.close(), pipeline.failed.catch(() => undefined)])
      await capture.catch(() => undefined)
      await pipeline.stop()
      await statusFile.stop()
      await lock.release()
    },
  }
}

async function inspect(
  options: LocalRunOptions,
  folder: RunFolder,
): Promise<{ readonly state: RunState; readonly sources: readonly SourceTable[] }> {
  const { source, patterns, slot, publication, isEmbedded, reload } = options
  const client = await connectSource(source, { applicationName: 'tidemark check' })
  try {
    const { rows } = await client.query<{ system: string; database: string }>(
      'select system_identifier::text as system, current_database()::text as database from pg_control_system()',
    )
    const identity = { system: rows[0]?.system ?? '', database: rows[0]?.database ?? '' }
    const fresh: RunStateData = {
      format: 1,
      source: {
        ...identity,
        name: options.system,
        address: isEmbedded ? 'embedded PostgreSQL' : addressOf(source),
        isEmbedded,
      },
      slot,
      publication,
      slotState: 'none',
      epoch: 1,
      loads: {},
    }
    const before = await RunState.read(folder.state, fresh)
    /* A slot whose making was cut off goes too, and is made again by the run. */
    const isDropped = before?.slotState === 'creating' || (reload && before?.slotState === 'created')
    if (isDropped) await dropOwnSlot(client, slot)
    const known = before?.slotState === 'created' && !isDropped
    const { tables } = await checkSource(client, { slot, patterns, known })
    /* A source that was refused leaves no trace in the folder. */
    const state = new RunState(folder.state, before ?? fresh)
    await state.update(isDropped ? { slotState: 'none', loads: {} } : {})
    return { state, sources: tables }
  } finally {
    await closeClient(client)
  }
}

async function allLoaded(
  state: RunState,
  sources: readonly SourceTable[],
  signal: AbortSignal,
): Promise<void> {
  const isLoaded = (table: SourceTable) => {
    const load = state.data.loads[nameOf(table)]
    return load?.state === 'complete' && load.oid === table.oid
  }
  while (!sources.every(isLoaded)) {
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function nameOf({ schema, name }: SourceTable): string {
  return `${schema}.${name}`
}
