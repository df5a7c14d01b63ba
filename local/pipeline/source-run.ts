import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { isOver } from '../../core/load/load.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { losesChanges } from '../../core/source-drift.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../engine/postgres/connection/source-connection.ts'
import { isOfSource, toSourceError } from '../../engine/postgres/connection/source-error.ts'
import { startSequence } from '../../engine/postgres/records/record-sequence.ts'
import { checkRewound } from '../../engine/postgres/rules/check-rewound.ts'
import { checkSlot } from '../../engine/postgres/rules/check-slot.ts'
import { ensurePublication } from '../../engine/postgres/rules/ensure-publication.ts'
import type { AlteredTable } from '../../engine/postgres/stream/change-translator.ts'
import { openSnapshot, type Snapshot } from '../../engine/postgres/stream/snapshot.ts'
import { streamChanges } from '../../engine/postgres/stream/stream-changes.ts'
import type { LoadRunner } from '../loads/load-runner.ts'
import { forgetAcknowledged, noteAcknowledged, readAcknowledged } from '../state/acknowledged.ts'
import type { LoadedTable, RunState } from '../state/run-state.ts'
import type { CaptureContext, Pipeline } from './pipeline.ts'
import { ReadingPauses } from './reading-pauses.ts'
import { pauseAfter, SourceLink } from './source-link.ts'

export interface SourceRunDeps {
  readonly source: Source
  /** The tables that are followed now; asked each time reading begins. */
  readonly tables: () => readonly SourceTable[]
  /** The same, and those that are gone, as their changes that come next are to be read. */
  readonly streamed: () => readonly SourceTable[]
  /** The keys of the lake's tables of a source table. */
  readonly keysOf: (table: string) => readonly (readonly string[])[]
  /** Whether one of them reads a column of it. */
  readonly reads: (table: string, column: string) => boolean
  /** Whether a name was that of another table before. */
  readonly hasFormer: (table: string) => boolean
  /** Told of each table that is not as it was. */
  readonly altered: (table: AlteredTable) => void
  /** Makes what was told durable. */
  readonly saved: () => Promise<void>
  /** Compares the source with what it was. */
  readonly look: () => Promise<void>
  /** Asks for that soon. */
  readonly lookSoon: () => void
  readonly now: Clock
  readonly state: RunState
  readonly pipeline: Pipeline
  readonly loads: LoadRunner
  readonly log: Logger
  /** See `StreamOptions`. */
  readonly silenceMs?: number | undefined
  /** As `pauseAfter` of the link, which it is when left out. */
  readonly pauseAfter?: typeof pauseAfter
}

/**
 * Brings a source into the pipeline: slot, full loads of the tables that have none, then changes until the signal.
 * Goes on where the last run stopped, and waits for a source that is away. Throws `source/…` failures that a person must
 * mend, what does not pass after bounded retries, and `source/unreachable` when the source is away at the start.
 */
export class SourceRun {
  private readonly deps: SourceRunDeps
  private readonly sequence = startSequence(Date.now())
  private readonly pauses = new ReadingPauses()
  /** Tables of which an update was refused that only a load which begins later has whole. */
  private readonly outrunLoad = new Set<string>()
  private named: {
    readonly tables: readonly SourceTable[]
    readonly byName: ReadonlyMap<string, SourceTable>
  } = { tables: [], byName: new Map() }
  readonly link: SourceLink
  /** Whether the loads that the tables lack have been asked for. */
  hasAskedLoads = false
  /** Highest LSN up to which everything is captured. */
  capturedLsn = 0n

  constructor(deps: SourceRunDeps) {
    this.deps = deps
    this.link = new SourceLink(deps.now)
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.follow(signal)
    } finally {
      this.pauses.close()
    }
  }

  /**
   * Stops reading at what is durable, does the work while nobody reads the slot, and reads on from there. Resolves when
   * the source sends again, with how long it did not. Throws what the work throws, and `run/locked` when the run ends.
   */
  pause<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly milliseconds: number }> {
    return this.pauses.request(work)
  }

  private get acknowledged(): string {
    return this.deps.pipeline.folder.acknowledged
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { state, pipeline, tables } = this.deps
    await this.withClient(async (client) => {
      await checkRewound(client, { epoch: state.data.epoch, captured: pipeline.raw.highest })
      await ensurePublication(client, state.data.publication, tables())
    })
    const first = await this.prepareSlot()
    await this.deps.look().catch(async (error: unknown) => {
      await first?.close()
      throw error
    })
    /* Loads and changes go side by side: positions, not arrival, say which of two readings of a row counts. */
    const failed = new AbortController()
    const both = AbortSignal.any([signal, failed.signal])
    const guard = (work: Promise<void>) =>
      work.catch((error: unknown) => {
        failed.abort()
        throw error
      })
    await Promise.all([guard(this.load(first, both)), guard(this.streamWithRetries(both))])
  }

  private async streamWithRetries(signal: AbortSignal): Promise<void> {
    for (let failures = 0, isRetry = false; !signal.aborted; isRetry = true) {
      const before = this.capturedLsn
      const turn = await this.pauses.between(signal)
      try {
        if (isRetry) await this.freeSlot()
        await this.stream(turn)
        failures = 0
      } catch (error) {
        failures = this.capturedLsn > before ? 0 : failures + 1
        const wait = (this.deps.pauseAfter ?? pauseAfter)(error, failures)
        if (!(error instanceof PipelineError) || wait === undefined) throw error
        this.link.lost(error, wait)
        this.deps.log.warn('source.retry', { code: error.code, waitMs: wait, message: error.message })
        await sleep(wait, undefined, { signal: turn }).catch(() => undefined)
      }
    }
  }

  /* A connection that broke without a word may still hold the slot at the server; one that was away may be another. */
  private freeSlot(): Promise<void> {
    const { pipeline, state } = this.deps
    const { slot, epoch } = state.data
    return this.withClient(async (client) => {
      await checkRewound(client, { epoch, captured: pipeline.raw.highest })
      await checkSlot(client, { slot, known: true, acknowledged: () => readAcknowledged(this.acknowledged) })
    })
  }

  /* The slot's own snapshot serves the first loads. */
  private async prepareSlot(): Promise<Snapshot | undefined> {
    const { state, source } = this.deps
    if (state.data.slotState === 'created') return undefined
    await this.deps.loads.cancelAll()
    await state.update({ slotState: 'creating' })
    await forgetAcknowledged(this.acknowledged)
    const snapshot = await openSnapshot(source, { slot: state.data.slot })
    await noteAcknowledged(this.acknowledged, snapshot.lsn)
    await state.update({ slotState: 'created' })
    return snapshot
  }

  /* Tables that no complete load has: the loads of a run before go on by themselves. */
  private async load(first: Snapshot | undefined, signal: AbortSignal): Promise<void> {
    const { state, loads } = this.deps
    const unfinished = new Set(
      loads
        .loads()
        .flatMap((load) => load.tables.flatMap(({ table, state: at }) => (isOver(at) ? [] : table))),
    )
    const missing: string[] = []
    const waiting: Record<string, LoadedTable> = {}
    for (const table of this.deps.tables()) {
      const name = sourceTableName(table)
      const before = state.data.loads[name]
      if (!isWaiting(before, table)) continue
      const stale = before?.stale === undefined ? {} : { stale: before.stale }
      waiting[name] = { state: 'waiting', oid: table.oid, rows: null, position: null, ...stale }
      if (!unfinished.has(name)) missing.push(name)
    }
    await state.setLoads(waiting)
    if (missing.length > 0) await loads.start({ tables: missing }, first)
    else await first?.close()
    this.hasAskedLoads = true
    await loads.run(signal)
  }

  private stream(signal: AbortSignal): Promise<void> {
    const { source, state, streamed, keysOf, reads, altered, saved, lookSoon, pipeline, log } = this.deps
    const { silenceMs } = this.deps
    return streamChanges({
      source,
      slot: state.data.slot,
      publication: state.data.publication,
      tables: streamed(),
      keysOf,
      reads,
      altered,
      hasForeignRows: (table) => this.hasForeignRows(table),
      /* The slot knows what was acknowledged, and nothing is before it is durable. */
      startLsn: 0n,
      /* Each batch makes a page for each of its tables: waiting a little makes fewer, fuller ones. */
      lingerMs: 200,
      ...(silenceMs === undefined ? {} : { silenceMs }),
      deliver: async ({ records, through }) => {
        await pipeline.capture(records, this.context())
        await this.markOutrun()
        await saved()
        this.reached(through)
      },
      note: (lsn) => noteAcknowledged(this.acknowledged, lsn),
      onIdle: (lsn) => this.reached(lsn),
      onStart: () => {
        this.link.reading()
        this.pauses.over()
        lookSoon()
      },
      onHeard: (at) => this.link.heard(at),
      onStandby: (line) => {
        if (this.link.standbyWaits()) log.warn('source.standby', { line })
      },
      signal,
      sequence: this.sequence,
      log: (line) => log.info('source.stream', { line }),
    })
  }

  private hasForeignRows(name: string): boolean {
    const table = this.tableOf(name)
    if (table === undefined) return false
    const load = this.deps.state.data.loads[name]
    if ((load?.state === 'complete' && load.oid === table.oid) || !this.deps.hasFormer(name)) return false
    this.outrunLoad.add(name)
    return true
  }

  /* Asked for each update that leaves a value out: the tables are gone through once, until there are others. */
  private tableOf(name: string): SourceTable | undefined {
    const tables = this.deps.tables()
    if (this.named.tables !== tables)
      this.named = { tables, byName: new Map(tables.map((table) => [sourceTableName(table), table])) }
    return this.named.byName.get(name)
  }

  /* A load that runs already may have begun before the update; before the update is acknowledged, another one is due. */
  private async markOutrun(): Promise<void> {
    const { state, now } = this.deps
    const outrun = [...this.outrunLoad]
    this.outrunLoad.clear()
    for (const table of outrun) await state.markStale(table, 'other-table', now())
  }

  private reached(lsn: bigint): void {
    const { pipeline } = this.deps
    if (lsn > this.capturedLsn) this.capturedLsn = lsn
    pipeline.watermark.captured(this.capturedLsn, pipeline.raw.length)
  }

  private context(): CaptureContext {
    const { state, lookSoon, now } = this.deps
    const onDefinition = async (table: string, operation: string): Promise<void> => {
      if (losesChanges(operation)) await state.markStale(table, operation, now())
      lookSoon()
    }
    /* Loads come as files here; a load record of the stream would be of a load that nobody started. */
    return { epoch: state.data.epoch, loadPositionOf: () => undefined, onDefinition }
  }

  private async withClient(
    work: (client: Awaited<ReturnType<typeof connectSource>>) => Promise<void>,
  ): Promise<void> {
    const client = await connectSource(this.deps.source, { applicationName: 'tidemark setup' })
    try {
      await work(client)
    } catch (error) {
      throw isOfSource(error) ? toSourceError(error, 'the source could not be asked') : error
    } finally {
      await closeClient(client)
    }
  }
}

/* A table that was dropped and made again is another one: its load begins anew, and the floor hides the old rows. */
export function isWaiting(load: LoadedTable | undefined, { oid }: SourceTable): boolean {
  return load === undefined || load.state === 'waiting' || load.oid !== oid
}
