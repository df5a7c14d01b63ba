import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Compacted, TablesAdded } from '../../core/operations/answers.ts'
import {
  type Answers,
  type Operation,
  type OperationKind,
  parseAsked,
} from '../../core/operations/operations.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { setForeignAside } from '../../engine/load-file/set-foreign-aside.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { askSourceActivity } from '../../engine/postgres/connection/source-activity.ts'
import type { TableProof } from '../../engine/reconcile/proof.ts'
import type { Proof, ReconcileRequest } from '../../engine/reconcile/reconcile.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { knownContracts } from '../contracts/choose-contracts.ts'
import { type KnownTable, KnownTables } from '../contracts/known-tables.ts'
import type { LoadRunner } from '../loads/load-runner.ts'
import { wholly } from '../operations/compact-operation.ts'
import type { OperationContext } from '../operations/operation-parts.ts'
import { OperationQueue } from '../operations/operation-queue.ts'
import { releaseLoaded } from '../operations/release-loaded.ts'
import { runOperation } from '../operations/run-operation.ts'
import { allInTurn } from '../pipeline/all-in-turn.ts'
import { type FolderLock, lockFolder } from '../pipeline/folder-lock.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { SourceRun } from '../pipeline/source-run.ts'
import { repairFolder } from '../recovery/repair-folder.ts'
import { type RunFolder, runFolder } from '../state/run-folder.ts'
import { RunState } from '../state/run-state.ts'
import { StateFile } from '../state/state-file.ts'
import type { BufferingHints } from '../stores/folder-delivery.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { clearLeftovers } from './clear-leftovers.ts'
import { openLoads } from './open-loads.ts'
import { Prover } from './prover.ts'
import { Schedule } from './schedule.ts'
import { type RunStatus, type StatusDeps, StatusFile } from './status/run-status.ts'
import { type AddTablesDeps, addTables } from './tables/add-tables.ts'
import { allLoaded } from './tables/all-loaded.ts'
import { chooseFollowed } from './tables/choose-followed.ts'
import { endedContracts, goneTables } from './tables/gone-tables.ts'
import { type InspectedSource, type InspectOptions, inspectSource } from './tables/inspect-source.ts'
import type { AddTablesRequest } from './tables/plan-tables.ts'
import { readsColumn, SourceWatch, sourceKeys } from './tables/watch-source.ts'

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
/* Loads and additions have queues of their own, and healing touches no file. */
const WAITS_FOR_NOTHING: readonly OperationKind[] = [
  'load-start',
  'load-resume',
  'load-cancel',
  'heal',
  'table-add',
]

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
    onProven?: (proof: TableProof) => void,
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
  const { log, now = Date.now } = options
  await clearLeftovers(folder, now())
  const isReload = options.reload || options.replaced === true
  const { epoch } = await repairFolder(folder, { contracts: options.contracts, isReload, log, now })
  const inspected = await inspectSource({ ...options, epoch }, folder)
  const file = await StateFile.open(folder)
  try {
    return await openOn(file, inspected, { options, folder, lock, now })
  } catch (error) {
    await file.close()
    throw error
  }
}

interface OpenParts extends Pick<RunParts, 'options' | 'lock' | 'now'> {
  readonly folder: RunFolder
}

async function openOn(
  file: StateFile,
  inspected: InspectedSource,
  { options, folder, lock, now }: OpenParts,
): Promise<LocalRun> {
  const { source, log, hints } = options
  const state = new RunState(file.documents, inspected.data)
  await state.update({})
  const chosen = await chooseFollowed(inspected, options.contracts, { system: options.system, folder })
  const known = await KnownTables.open(folder.tables)
  if (state.data.slotState !== 'created') known.clear()
  const former = await goneTables(source, known.tables, chosen.sources)
  const followed = new FollowedTables(known, chosen.sources, former)
  const ended = await knownContracts([...new Set(former.map(sourceTableName))], options.contracts, {
    system: options.system,
    file: folder.contracts,
  })
  const pipeline = await Pipeline.open({
    folder,
    state: file,
    tables: chosen.contracts,
    hints,
    log,
    now,
    ended: endedContracts(ended, chosen.contracts),
  })
  const loads = await openLoads({
    ledger: new LoadDocuments(pipeline.documents),
    source,
    sources: () => followed.sources,
    state,
    pipeline,
    log,
    now,
    fileBytes: options.loadFileBytes,
    /* Until it is folded, a load makes every query fold the table. */
    onOver: () => run.loadOver(),
  })
  const parts = { options, lock, now, state, followed, pipeline, loads }
  const run = new FolderRun({ ...parts, leftOut: chosen.leftOut })
  return run
}

/** The tables of a run and of the backlog behind it. */
class FollowedTables {
  readonly known: KnownTables
  sources: readonly SourceTable[]
  private former: readonly KnownTable[]

  constructor(known: KnownTables, sources: readonly SourceTable[], former: readonly KnownTable[]) {
    this.known = known
    this.sources = sources
    this.former = former
  }

  streamed(): readonly SourceTable[] {
    return this.known.streamed(this.sources, this.former)
  }

  /** Follows more tables, or others in the place of those that had their names. */
  follow(more: readonly SourceTable[]): void {
    const isOld = (table: SourceTable) =>
      !more.some((other) => sourceTableName(other) === sourceTableName(table))
    this.known.follow(more)
    this.former = [...this.former, ...this.known.displaced(more)]
    this.sources = [...this.sources.filter(isOld), ...more]
  }
}

interface RunParts {
  readonly options: LocalRunOptions
  readonly lock: FolderLock
  readonly now: Clock
  readonly state: RunState
  readonly followed: FollowedTables
  readonly pipeline: Pipeline
  readonly loads: LoadRunner
  readonly leftOut: StatusDeps['leftOut']
}

/** Every stage of a folder, started. */
class FolderRun implements LocalRun {
  readonly pipeline: Pipeline
  readonly loads: LoadRunner
  readonly failed: Promise<never>
  readonly compact: () => Promise<Compacted>
  private readonly release: () => Promise<void>
  private readonly parts: RunParts
  private readonly abort = new AbortController()
  private readonly operations = new OperationQueue()
  private readonly additions = new OperationQueue()
  private readonly run: SourceRun
  private readonly watch: SourceWatch
  private readonly prover: Prover
  private readonly schedule: Schedule
  private readonly statusFile: StatusFile
  private readonly capture: Promise<void>
  private failure: unknown

  constructor(parts: RunParts) {
    const { options, lock, now, state, pipeline, loads, leftOut } = parts
    const { source, log } = options
    this.parts = parts
    this.pipeline = pipeline
    this.loads = loads
    this.watch = this.sourceWatch()
    this.run = this.sourceRun()
    pipeline.start()
    pipeline.meter.start()
    this.capture = this.run.run(this.abort.signal)
    this.failed = Promise.race([
      pipeline.failed,
      this.capture.then(() => new Promise<never>(() => undefined)),
    ])
    this.failed.catch((error: unknown) => {
      this.failure = error
    })
    this.prover = new Prover({ source, state, pipeline, failed: this.failed, log, now })
    this.compact = sharedRun(async () => wholly(await this.perform({ kind: 'compact', isDryRun: false })))
    this.release = releaseLoaded(pipeline, (operation) => this.perform(operation))
    lock.serve((message, { emit, signal }) => {
      const { operation, contracts } = parseAsked(message)
      return this.perform(operation, { contracts, signal, onProgress: emit })
    })
    this.schedule = new Schedule(this.jobs(), log)
    this.schedule.start()
    /* Of loads that were complete when a run before this one ended. */
    this.schedule.soon('release')
    this.statusFile = new StatusFile(pipeline.folder.status, {
      pipeline,
      state,
      run: this.run,
      loads,
      leftOut,
      now,
    })
    this.statusFile.start()
  }

  get tables(): readonly Table[] {
    return this.pipeline.tables
  }

  status(): RunStatus {
    return this.statusFile.current()
  }

  loaded(signal: AbortSignal): Promise<void> {
    const { run, loads, watch } = this
    const { state, followed } = this.parts
    const all = allLoaded({ state, run, loads, watch, sources: () => followed.sources }, signal)
    return Promise.race([all, this.failed])
  }

  reconcile(...[signal, request, onProven]: Parameters<LocalRun['reconcile']>): Promise<Proof> {
    return this.prover.prove(signal, request, onProven)
  }

  look(): Promise<void> {
    return this.watch.look()
  }

  loadOver(): void {
    this.schedule.soon('release', 'compact')
  }

  addTables(...[request, context]: Parameters<LocalRun['addTables']>): Promise<TablesAdded> {
    const { pipeline, loads, run } = this
    const { options, state, followed } = this.parts
    const add = () =>
      addTables(request, {
        source: options.source,
        state,
        pipeline,
        loads,
        run,
        ...context,
        sources: () => followed.sources,
        follow: (more) => followed.follow(more),
        readContracts: options.readContracts ?? (() => Promise.resolve(options.contracts)),
      })
    return this.additions.run(add, stopping)
  }

  async stop(): Promise<void> {
    const { parts, pipeline } = this
    this.abort.abort()
    await this.schedule.stop()
    /* Before the capture has ended nothing is left that an addition waits for. */
    await this.capture.catch(() => undefined)
    await this.additions.close()
    await this.watch.close()
    /* An operation ends where it can go on; after a failed stage it may wait for a delivery that never comes. */
    await Promise.race([this.operations.close(), pipeline.failed.catch(() => undefined)])
    const refused: unknown = await pipeline.stop().catch((error: unknown) => error)
    await allInTurn([() => this.statusFile.stop(this.failure ?? refused), () => parts.lock.release()])
    /* What made the run fail is told already. */
    if (this.failure === undefined && refused !== undefined) throw refused
  }

  private sourceRun(): SourceRun {
    const { options, state, pipeline, loads, now, followed } = this.parts
    const { source, log, silenceMs } = options
    const lookSoon = () => {
      this.watch.look().catch((error: unknown) => {
        const code = error instanceof PipelineError ? error.code : 'internal'
        log.warn('schedule.failed', { job: 'look', code })
      })
    }
    return new SourceRun({
      source,
      tables: () => followed.sources,
      state,
      pipeline,
      loads,
      log,
      now,
      silenceMs,
      lookSoon,
      streamed: () => followed.streamed(),
      keysOf: (table) => sourceKeys(pipeline.tables, table),
      reads: (table, column) => readsColumn(pipeline.tables, table, column),
      hasFormer: (table) => followed.known.hasFormer(table),
      altered: (table) => followed.known.alter(table),
      saved: () => followed.known.saved(),
      look: async () => {
        await this.watch.observe()
      },
    })
  }

  private sourceWatch(): SourceWatch {
    const { options, state, pipeline, loads, now, followed } = this.parts
    return new SourceWatch({
      source: options.source,
      state,
      loads,
      log: options.log,
      now,
      sources: () => followed.sources,
      contracts: () => pipeline.tables,
      known: followed.known,
      rebind: (table) => this.rebind(table),
      drift: pipeline.drift,
      resend: async () => {
        await this.run.pause(() => Promise.resolve())
      },
    })
  }

  private async rebind(table: string): Promise<void> {
    const { state } = this.parts
    const { added } = state.data
    const request = { tables: [table], isLoaded: true, isDryRun: false, contracts: {} }
    await this.addTables(request, { signal: this.abort.signal, onStep: () => undefined })
    /* Nobody added it: it is followed for as long as the patterns name it. */
    if (!added.includes(table))
      await state.update({ added: state.data.added.filter((name) => name !== table) })
  }

  /* Without a caller it is this run that asks. */
  private perform<K extends OperationKind>(
    operation: Operation<K>,
    {
      contracts = contractDigests(this.pipeline.tables),
      signal = this.abort.signal,
      onProgress = () => undefined,
    }: Partial<Pick<OperationContext, 'contracts' | 'signal' | 'onProgress'>> = {},
  ): Promise<Answers[K]> {
    const { options, state, now } = this.parts
    const running = {
      runner: this.loads,
      activity: () => askSourceActivity(options.source, state.data.slot),
      heal: this.prover.heal.bind(this.prover),
      addTables: (
        request: AddTablesRequest,
        context: { signal: AbortSignal; onProgress: (p: unknown) => void },
      ) =>
        this.addTables(request, {
          signal: context.signal,
          onStep: (step) => context.onProgress({ step }),
        }),
    }
    const either = AbortSignal.any([this.abort.signal, signal])
    const work = () =>
      runOperation(operation, {
        pipeline: this.pipeline,
        running,
        contracts,
        now,
        signal: either,
        onProgress,
      })
    if (WAITS_FOR_NOTHING.includes(operation.kind)) return work()
    return this.operations.run(work, stopping)
  }

  private jobs(): ConstructorParameters<typeof Schedule>[0] {
    const { pipeline, loads, watch, prover } = this
    const { options } = this.parts
    return [
      {
        name: 'compact',
        everyMs: options.compactEveryMs,
        run: async () => {
          await this.compact()
        },
      },
      {
        name: 'foreign',
        everyMs: FOREIGN_MS,
        pace: { share: 0.005, mostMs: LOOK_MS },
        run: async () => {
          const { objects, quarantine, folder } = pipeline
          const files = new FolderFiles(objects, folder.scratch)
          await setForeignAside(() => loads.loads(), { objects, files, quarantine, log: options.log })
        },
      },
      { name: 'release', everyMs: LOOK_MS, run: this.release },
      { name: 'look', everyMs: options.lookEveryMs ?? LOOK_MS, run: () => watch.look() },
      {
        name: 'prove',
        everyMs: options.proveEveryMs,
        run: () => prover.proveByItself(this.abort.signal),
      },
    ]
  }
}

/* Work that is done once at a time: whoever asks while it is done gets what that makes. */
function sharedRun<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
}

function stopping(): PipelineError {
  return new PipelineError('run/locked', 'the running Tidemark is stopping')
}
