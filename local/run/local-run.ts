import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { setForeignAside } from '../../engine/load-file/set-aside.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { askSourceActivity } from '../../engine/postgres/connection/source-activity.ts'
import type { Proof, ReconcileRequest } from '../../engine/reconcile/reconcile.ts'
import { knownContracts } from '../contracts/choose-contracts.ts'
import { type KnownTable, KnownTables } from '../contracts/known-tables.ts'
import type { LoadRunner } from '../loads/load-runner.ts'
import { type Compacted, wholly } from '../operations/compact-operation.ts'
import { type Operation, parseOperation } from '../operations/operation.ts'
import { OperationQueue } from '../operations/operation-queue.ts'
import { runOperation } from '../operations/run-operation.ts'
import { allInTurn } from '../pipeline/all-in-turn.ts'
import { type FolderLock, lockFolder } from '../pipeline/folder-lock.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { SourceRun } from '../pipeline/source-run.ts'
import { repairFolder } from '../recovery/repair-folder.ts'
import { FolderLoadLedger } from '../state/folder-load-ledger.ts'
import { type RunFolder, runFolder } from '../state/run-folder.ts'
import type { BufferingHints } from '../stores/folder-delivery.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { clearLeftovers } from './clear-leftovers.ts'
import { openLoads } from './open-loads.ts'
import { Prover } from './prover.ts'
import { Schedule } from './schedule.ts'
import { sharedRun } from './shared-run.ts'
import { type RunStatus, StatusFile } from './status/run-status.ts'
import { type AddTablesDeps, addTables, type TablesAdded } from './tables/add-tables.ts'
import { allLoaded } from './tables/all-loaded.ts'
import { chooseFollowed } from './tables/choose-followed.ts'
import { endedContracts, goneTables } from './tables/gone-tables.ts'
import { type InspectOptions, inspectSource } from './tables/inspect-source.ts'
import type { AddTablesRequest } from './tables/plan-tables.ts'
import { SourceWatch, sourceKeys } from './tables/watch-source.ts'

export interface LocalRunOptions extends InspectOptions {
  /** Folder of everything that is kept. */
  readonly dir: string
  readonly contracts: readonly Table[]
  /** The contracts as they are when tables are added later; `contracts` when left out. */
  readonly readContracts?: (() => Promise<readonly Table[]>) | undefined
  readonly hints: BufferingHints
  /** Time from the end of one compaction, or scheduled proof, to the next; 0 for none by itself. */
  readonly compactEveryMs: number
  readonly proveEveryMs: number
  /** Time from one look at the source's catalog to the next (default a minute); 0 for none by itself. */
  readonly lookEveryMs?: number | undefined
  /** Bytes of COPY's text for each load file (default 64 MiB). */
  readonly loadFileBytes?: number
  /** A source that says nothing for so long is taken for dead (default 60 s). */
  readonly silenceMs?: number
  readonly log: Logger
  readonly now?: Clock
}

/* Files that nobody's load wrote are looked for this often. */
const FOREIGN_MS = 5_000
const LOOK_MS = 60_000

/** The whole pipeline on one source and one folder, running until `stop`. */
export interface LocalRun {
  readonly tables: readonly Table[]
  readonly pipeline: Pipeline
  readonly loads: LoadRunner
  status(): RunStatus
  /** Resolves when every table is loaded and queryable. */
  loaded(signal: AbortSignal): Promise<void>
  /** Compares as asked, and keeps the proof. */
  reconcile(
    signal: AbortSignal,
    request?: ReconcileRequest,
    onTable?: (table: string) => void,
  ): Promise<Proof>
  /** Compacts every table, or waits for the compaction that runs. */
  compact(): Promise<Compacted>
  /** Compares the source's catalog with what it was, now. */
  look(): Promise<void>
  /** Captures more tables from now on. */
  addTables(
    request: AddTablesRequest,
    context: { readonly signal: AbortSignal; readonly onStep: AddTablesDeps['onStep'] },
  ): Promise<TablesAdded>
  /** Rejects when capture or a stage fails; never resolves. */
  readonly failed: Promise<never>
  stop(): Promise<void>
}

/** Checks the source, opens the folder and starts every stage. Throws `source/…`, `run/…` and `contract/…` failures. */
export async function openLocalRun(options: LocalRunOptions): Promise<LocalRun> {
  await makeFolder(options.dir, 0o755)
  const lock = await lockFolder(options.dir)
  try {
    return await openLocked(options, runFolder(options.dir), lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openLocked(options: LocalRunOptions, folder: RunFolder, lock: FolderLock): Promise<LocalRun> {
  const { source, log, hints, silenceMs, now = Date.now } = options
  await clearLeftovers(folder, now())
  const isReload = options.reload || options.replaced === true
  const { epoch } = await repairFolder(folder, { contracts: options.contracts, isReload, log, now })
  const inspected = await inspectSource({ ...options, epoch }, folder)
  const { state } = inspected
  const followed = await chooseFollowed(inspected, options.contracts, { system: options.system, folder })
  const { contracts: tables, leftOut } = followed
  let { sources } = followed
  const known = await KnownTables.open(folder.tables)
  if (state.data.slotState !== 'created') known.clear()
  let former: readonly KnownTable[] = await goneTables(source, known.tables, sources)
  const ended = await knownContracts([...new Set(former.map(sourceTableName))], options.contracts, {
    system: options.system,
    file: folder.contracts,
  })
  const pipeline = await Pipeline.open({
    ...{ folder, tables, hints, log, now },
    ended: endedContracts(ended, tables),
  })
  const loadLedger = new FolderLoadLedger(folder.loads)
  const loads = await openLoads({
    ...{
      ledger: loadLedger,
      source,
      sources: () => sources,
      state,
      pipeline,
      log,
      now,
      fileBytes: options.loadFileBytes,
    },
    /* Until it is folded, a load makes every query fold the table. */
    onOver: () => schedule.soon('compact'),
  })
  const lookSoon = () => {
    watch.look().catch((error: unknown) => {
      const code = error instanceof PipelineError ? error.code : 'internal'
      log.warn('schedule.failed', { job: 'look', code })
    })
  }
  const run = new SourceRun({
    ...{ source, tables: () => sources, state, pipeline, loads, log, now, silenceMs, lookSoon },
    streamed: () => known.streamed(sources, former),
    keysOf: (table) => sourceKeys(pipeline.tables, table),
    altered: (table) => known.alter(table),
    saved: () => known.saved(),
    look: async () => {
      await watch.observe()
    },
  })
  const abort = new AbortController()
  pipeline.start()
  pipeline.meter.start()
  const capture = run.run(abort.signal)
  const failed = Promise.race([pipeline.failed, capture.then(() => new Promise<never>(() => undefined))])
  let failure: unknown
  failed.catch((error: unknown) => {
    failure = error
  })
  const prover = new Prover({ source, state, pipeline, failed, log, now })
  const operations = new OperationQueue()
  const additions = new OperationQueue()
  const add: LocalRun['addTables'] = (request, context) =>
    additions.run(
      () =>
        addTables(request, {
          ...{ source, state, pipeline, loads, run, ...context },
          sources: () => sources,
          follow: (more) => {
            const isOld = (table: SourceTable) =>
              !more.some((other) => sourceTableName(other) === sourceTableName(table))
            known.follow(more)
            former = [...former, ...known.displaced(more)]
            sources = [...sources.filter(isOld), ...more]
          },
          readContracts: options.readContracts ?? (() => Promise.resolve(options.contracts)),
        }),
      stopping,
    )
  const rebind = async (table: string) => {
    const { added } = state.data
    const request = { tables: [table], isLoaded: true, isDryRun: false, contracts: {} }
    await add(request, { signal: abort.signal, onStep: () => undefined })
    /* Nobody added it: it is followed for as long as the patterns name it. */
    if (!added.includes(table))
      await state.update({ added: state.data.added.filter((name) => name !== table) })
  }
  const watch = new SourceWatch({
    ...{
      source,
      sources: () => sources,
      contracts: () => pipeline.tables,
      known,
      state,
      loads,
      rebind,
      log,
      now,
    },
    drift: pipeline.drift,
    resend: async () => {
      await run.pause(() => Promise.resolve())
    },
  })
  const running = {
    runner: loads,
    activity: () => askSourceActivity(source, state.data.slot),
    heal: prover.heal.bind(prover),
    addTables: (
      request: AddTablesRequest,
      context: { signal: AbortSignal; onProgress: (p: unknown) => void },
    ) => add(request, { signal: context.signal, onStep: (step) => context.onProgress({ step }) }),
  }
  const perform = (asked: Operation, signal: AbortSignal, onProgress: (progress: unknown) => void) => {
    const either = AbortSignal.any([abort.signal, signal])
    const work = () => runOperation(asked, { pipeline, running, now, signal: either, onProgress })
    /* Loads and additions have queues of their own, and healing touches no file: they wait for nothing. */
    if (asked.kind.startsWith('load-') || asked.kind === 'heal' || asked.kind === 'table-add') return work()
    return operations.run(work, stopping)
  }
  /* `perform` answers a request to compact with what compacting made. */
  const compact = sharedRun(async () =>
    wholly((await perform({ kind: 'compact', isDryRun: false }, abort.signal, () => undefined)) as Compacted),
  )
  lock.serve((request, { emit, signal }) => perform(parseOperation(request), signal, emit))
  const schedule = new Schedule(
    [
      {
        name: 'compact',
        everyMs: options.compactEveryMs,
        run: async () => {
          await compact()
        },
      },
      {
        name: 'foreign',
        everyMs: FOREIGN_MS,
        pace: { share: 0.005, mostMs: LOOK_MS },
        run: async () => {
          const { objects, quarantine } = pipeline
          const files = new FolderFiles(objects, folder.scratch)
          await setForeignAside(() => loads.loads(), { objects, files, quarantine, log })
        },
      },
      { name: 'look', everyMs: options.lookEveryMs ?? LOOK_MS, run: () => watch.look() },
      {
        name: 'prove',
        everyMs: options.proveEveryMs,
        run: () => prover.proveByItself(abort.signal),
      },
    ],
    log,
  )
  schedule.start()
  const statusFile = new StatusFile(folder.status, { pipeline, state, run, loads, leftOut, now })
  statusFile.start()

  return {
    get tables() {
      return pipeline.tables
    },
    addTables: add,
    look: () => watch.look(),
    pipeline,
    loads,
    failed,
    status: () => statusFile.current(),
    loaded: (signal) =>
      Promise.race([allLoaded({ state, run, loads, watch, sources: () => sources }, signal), failed]),
    reconcile: (signal, request, onTable) => prover.prove(signal, request, onTable),
    compact,
    async stop() {
      abort.abort()
      await schedule.stop()
      /* Before the capture has ended nothing is left that an addition waits for. */
      await capture.catch(() => undefined)
      await additions.close()
      await watch.close()
      /* An operation ends where it can go on; after a failed stage it may wait for a delivery that never comes. */
      await Promise.race([operations.close(), pipeline.failed.catch(() => undefined)])
      const refused: unknown = await pipeline.stop().catch((error: unknown) => error)
      await allInTurn([
        () => statusFile.stop(failure ?? refused),
        () => loadLedger.close(),
        () => state.close(),
        () => lock.release(),
      ])
      /* What made the run fail is told already. */
      if (failure === undefined && refused !== undefined) throw refused
    },
  }
}

function stopping(): PipelineError {
  return new PipelineError('run/locked', 'the running Tidemark is stopping')
}
