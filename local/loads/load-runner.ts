import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { storageFailure } from '../../core/failures/storage-failure.ts'
import { isOver, type Load, type LoadLedger, loadState, type TableLoad } from '../../core/load/load.ts'
import { isInWindow, parseWindow } from '../../core/load/quiet-window.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { chosenTables } from '../../engine/postgres/catalog/table-pattern.ts'
import { isAway } from '../../engine/postgres/connection/source-error.ts'
import type { Snapshot } from '../../engine/postgres/stream/snapshot.ts'
import {
  cancelledLoad,
  checkFree,
  type Estimates,
  leftTables,
  newLoad,
  newLoadId,
  type PlannedTable,
  plannedTables,
} from '../../ingest/loads/list-of-loads.ts'
import { failed, reopened } from '../../ingest/loads/table-steps.ts'
import { HeldParts, type OpenParts } from './held-parts.ts'
import { isOfSource, usualWaits, type Waits, waitAfter } from './load-attempts.ts'
import { LoadBook } from './load-book.ts'
import { runTableLoad } from './run-table-load.ts'

export interface LoadRunnerDeps {
  readonly ledger: LoadLedger
  /** The tables that are captured now. */
  readonly sources: () => readonly SourceTable[]
  /** What one table's run needs, the parts of this runner left out; opens its engines. */
  readonly open: () => Promise<OpenParts>
  /** Rows of tables as the source estimates them, where it does. */
  readonly estimate: (tables: readonly SourceTable[]) => Promise<Estimates>
  /** The table as it is at the source now; throws `source/table-gone`. */
  readonly describe: (table: SourceTable) => Promise<SourceTable>
  /** Whether the run cannot do without a load of the table: when the source itself fails, that is the run's failure. */
  readonly isRequired: (table: SourceTable) => boolean
  /** Told of each load that is over, however it ended. */
  readonly onOver: () => void
  readonly waits?: Waits
  readonly log: Logger
  readonly now: Clock
}

export interface LoadRequest {
  readonly tables: readonly string[]
  readonly window?: string | null
}

const WINDOW_POLL_MS = 1_000

interface Job {
  readonly id: string
  /** Of the slot that was just made; another attempt takes its own. */
  readonly snapshot?: Snapshot | undefined
}

/**
 * Runs the loads of one source, one after another and one table at a time, beside the changes; one whose window is closed
 * lets the others pass. Every step is in the ledger before the next one begins: a stop anywhere loses at most the reading
 * of one table, which is read again.
 */
export class LoadRunner {
  private readonly deps: LoadRunnerDeps
  private readonly book: LoadBook
  private queue: readonly Job[] = []
  private wake: () => void = () => undefined
  private running: { readonly job: Job; readonly cancel: AbortController } | undefined

  private constructor(deps: LoadRunnerDeps, book: LoadBook) {
    this.deps = deps
    this.book = book
  }

  /** Takes up the loads that a stop cut off. */
  static async open(deps: LoadRunnerDeps): Promise<LoadRunner> {
    const runner = new LoadRunner(deps, await LoadBook.open(deps.ledger))
    runner.queue = runner.loads().flatMap((load) => (isOver(loadState(load)) ? [] : { id: load.id }))
    return runner
  }

  /** Every load, in the order they were started; the one that runs with its newest counts. */
  loads(): readonly Load[] {
    return this.book.all()
  }

  /** The tables that patterns name, with what the source says of their size. Throws `source/no-tables`. */
  async plan(tables: readonly string[]): Promise<readonly PlannedTable[]> {
    const found = this.expand(tables)
    return plannedTables(found.map(sourceTableName), await this.deps.estimate(found))
  }

  /**
   * Queues a load of the tables that patterns name, `schema.table` or with `*`. Throws `source/no-tables` for a table that is not captured and
   * `load/busy` for one that another load has not finished.
   */
  async start({ tables, window = null }: LoadRequest, snapshot?: Snapshot): Promise<Load> {
    if (window !== null) parseWindow(window)
    const found = this.expand(tables)
    const estimates = await this.deps.estimate(found)
    const at = this.deps.now()
    /* Nothing comes between the check and the book. */
    const asked = { id: newLoadId(at), tables: found.map(sourceTableName), window, estimates }
    const load = newLoad(asked, this.book.all(), at)
    await this.book.keep(load)
    this.enqueue({ id: load.id, snapshot })
    return load
  }

  /** Queues what a load left undone. Throws `load/not-found`, and `load/busy` when it runs or another load has a table of it. */
  async resume(id: string): Promise<Load> {
    const load = this.book.load(id)
    const left = leftTables(load)
    const again = { ...load, tables: load.tables.map((one) => (left.includes(one) ? reopened(one) : one)) }
    if (isOver(loadState(again))) return load
    /* One that has just ended may still be on its way out of the queue; it comes in again behind itself. */
    if (!isOver(loadState(load)) && this.queue.some((job) => job.id === id))
      throw new PipelineError('load/busy', `${id} runs already`)
    for (const { table } of left) checkFree(table, this.book.all())
    await this.book.keep(again)
    this.enqueue({ id })
    return again
  }

  /**
   * Ends a load where it is; rows that landed stay, for they were true, and no floor is set, unless it was being set at the
   * call: then the table is complete after all. Throws `load/not-found`.
   */
  async cancel(id: string): Promise<Load> {
    const load = this.book.load(id)
    const active = this.running
    const waiting = this.queue.filter((job) => job.id === id && job !== active?.job)
    this.queue = this.queue.filter((job) => !waiting.includes(job))
    if (active?.job.id === id) active.cancel.abort(new PipelineError('run/failed', `${id} was cancelled`))
    const cancelled = cancelledLoad(load, this.deps.now())
    await this.book.keep(cancelled)
    for (const { snapshot } of waiting) await snapshot?.close()
    return cancelled
  }

  /** Ends every load that is not over: what they have read ranks before a slot that was made anew. */
  async cancelAll(): Promise<void> {
    for (const load of this.loads()) if (!isOver(loadState(load))) await this.cancel(load.id)
  }

  /**
   * Runs loads as they come, until the signal. A table whose load fails is named in its load and stops no other. Throws
   * only the failure of the source itself, met by a table that the run cannot do without.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const job = this.queue.find(({ id }) => this.isDue(id))
        if (job === undefined) await this.awake(signal)
        else if (await this.runLoad(job, signal)) {
          this.queue = this.queue.filter((other) => other !== job)
          await job.snapshot?.close()
          this.deps.onOver()
        }
      }
    } finally {
      for (const { snapshot } of this.queue) await snapshot?.close()
    }
  }

  /* False when there is more to do: at a stop, and when its window has closed. */
  private async runLoad(job: Job, signal: AbortSignal): Promise<boolean> {
    const cancel = new AbortController()
    this.running = { job, cancel }
    const either = AbortSignal.any([signal, cancel.signal])
    const held = new HeldParts(this.deps.open)
    try {
      for (const { table, state } of this.book.load(job.id).tables) {
        if (isOver(state)) continue
        if (!either.aborted && !this.isDue(job.id)) return false
        if (!either.aborted) await this.runTable(job, table, held, either)
      }
      return !signal.aborted
    } finally {
      held.release()
      this.running = undefined
    }
  }

  private async runTable(job: Job, name: string, held: HeldParts, signal: AbortSignal): Promise<void> {
    const tries = { away: 0, otherwise: 0 }
    for (let isFirst = true; ; isFirst = false) {
      try {
        const parts = await held.parts()
        const known = this.sourceOf(name)
        await runTableLoad(
          this.book.table(job.id, name),
          isFirst ? known : await this.deps.describe(known),
          {
            ...parts,
            load: job.id,
            now: this.deps.now,
            signal,
            save: (table) => this.keep(job.id, table, signal),
            onProgress: (table) => (signal.aborted ? undefined : this.book.show(job.id, table)),
          },
          isFirst ? job.snapshot : undefined,
        )
        return
      } catch (error) {
        held.release()
        /* A stop or a cancel: the ledger says how far it came. */
        if (signal.aborted) return
        const kind = isAway(error) ? 'away' : 'otherwise'
        const wait = waitAfter(error, tries[kind], this.deps.waits ?? usualWaits)
        tries[kind] += 1
        if (!(error instanceof PipelineError) || wait === undefined) {
          await this.fail(job, name, error)
          return
        }
        this.deps.log.warn('load.retry', { load: job.id, table: name, code: error.code, waitMs: wait })
        await sleep(wait, undefined, { signal }).catch(() => undefined)
        if (signal.aborted) return
      }
    }
  }

  private async fail(job: Job, name: string, thrown: unknown): Promise<void> {
    const error = storageFailure(thrown) ?? thrown
    const known = error instanceof PipelineError
    const failure = known
      ? { code: error.code, message: error.message }
      : { code: 'internal' as const, message: error instanceof Error ? error.message : 'unknown' }
    this.deps.log.warn('load.failed', {
      load: job.id,
      table: name,
      code: failure.code,
      ...(known ? { message: failure.message } : {}),
    })
    await this.book.keepTable(job.id, failed(this.book.table(job.id, name), failure, this.deps.now()))
    const source = this.deps.sources().find((table) => sourceTableName(table) === name)
    if (isOfSource(error) && source !== undefined && this.deps.isRequired(source)) throw error
  }

  private isDue(id: string): boolean {
    const { window } = this.book.load(id)
    return window === null || isInWindow(parseWindow(window), this.deps.now())
  }

  /*
   * What a table that was stopped still saves on its way out must not bring it back; what it did is done again. But a
   * floor that is set is set.
   */
  private keep(id: string, table: TableLoad, signal: AbortSignal): Promise<void> {
    return signal.aborted && table.state !== 'complete' ? Promise.resolve() : this.book.keepTable(id, table)
  }

  private enqueue(job: Job): void {
    this.queue = [...this.queue, job]
    this.wake()
  }

  /* Until there is another load; until a window may have opened, when one waits for it. */
  private awake(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.queue.length === 0 ? undefined : setTimeout(() => this.wake(), WINDOW_POLL_MS)
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.wake = wake
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  private expand(patterns: readonly string[]): readonly SourceTable[] {
    return chosenTables(patterns, this.deps.sources(), 'is captured')
  }

  private sourceOf(name: string): SourceTable {
    const found = this.deps.sources().find((table) => sourceTableName(table) === name)
    if (found === undefined) throw new PipelineError('source/no-tables', `${name} is not captured`)
    return found
  }
}
