import * as z from 'zod'
import type { Table } from '../../core/contract/table.ts'
import { tableLabel } from '../../core/contract/table-label.ts'
import { isOver, type TableLoad } from '../../core/load.ts'
import type { Clock } from '../../core/ports.ts'
import { driftSays, driftToDo } from '../../core/source-drift.ts'
import type { LoadRunner } from '../loads/load-runner.ts'
import { writeJsonFile } from '../pipeline/json-file.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { LoadedTable, RunState } from '../pipeline/run-state.ts'
import type { SourceRun } from '../pipeline/source-run.ts'
import type { LeftOutTable } from '../replicator/table-rules.ts'
import { linkStatus, type RunEnd, runEnd, runEndOf, toLinkStatus } from './link-status.ts'

const position = z.string().nullable()

/** captured = landed + quarantined + filtered + inFlight + missing, in changes; see `core/ledger-balance.ts`. */
const balance = z.object({
  captured: z.number(),
  landed: z.number(),
  quarantined: z.number(),
  filtered: z.number(),
  inFlight: z.number(),
  missing: z.number(),
  /** Of the quarantined, by quarantine's own books; a replay may refuse changes again. */
  waiting: z.number(),
  redriven: z.number(),
  expired: z.number(),
  capturedThrough: position,
  landedThrough: position,
  /** Rows of the files of full loads. */
  loads: z.object({ rows: z.number(), landed: z.number(), quarantined: z.number() }),
  balanced: z.boolean(),
})

const tableStatus = z.object({
  table: z.string(),
  source: z.string(),
  /**
   * `waiting` for its first load, `loading`, `streaming`, `unloaded`: streaming, without the rows of before; `failed`: so,
   * because its first load failed; or `ended`: gone from the source, its rows are kept.
   */
  state: z.enum(['waiting', 'loading', 'streaming', 'unloaded', 'failed', 'ended']),
  /** Why its newest load failed; null when it did not. */
  loadFailure: z.object({ load: z.string(), code: z.string(), message: z.string() }).nullable().default(null),
  loadedRows: z.number(),
  changes: z.number(),
  quarantined: z.number(),
  /** Source fields that no contract knows, now in `_extra`. */
  unknownFields: z.array(z.string()),
  /** Data definition that the source announced since. */
  definitions: z.array(z.string()),
  /** The same, with when each was seen last and what to do about it. */
  drift: z
    .array(z.object({ operation: z.string(), at: z.string(), says: z.string(), toDo: z.string() }))
    .default([]),
  /** Why another load of it is due, a drift operation; null when none is. */
  reload: z.string().nullable().default(null),
  /** Null in a status of before the ledger. */
  balance: balance.nullable().default(null),
})

/** A table that was asked for and is not followed: why, and what mends it. */
const leftOut = z.object({
  table: z.string(),
  code: z.string(),
  says: z.string(),
  fix: z.array(z.object({ kind: z.enum(['sql', 'shell', 'step']), text: z.string() })),
})

/** The file that `tidemark status` reads. LSNs are decimal text. */
export const runStatus = z.object({
  format: z.literal(1),
  at: z.string(),
  pid: z.number(),
  address: z.string(),
  capturedLsn: z.string(),
  landedLsn: z.string(),
  /** Changes per second of each stage since the last status. */
  rates: z.object({ captured: z.number(), formatted: z.number(), landed: z.number() }),
  /** Raw pages that are captured and not yet queryable. */
  pagesBehind: z.number(),
  freshnessMs: z.object({ p50: z.number().nullable(), p99: z.number().nullable() }),
  memoryMb: z.number(),
  /** When the oldest change in quarantine was refused; null when nothing waits. */
  quarantineSince: z.string().nullable(),
  /** Changes in quarantine by the cause ids of `quarantine list`. */
  quarantineCauses: z.record(z.string(), z.number()).default({}),
  tables: z.array(tableStatus),
  /** Tables that the start left out, and those that the publication keeps from being written. */
  leftOut: z.array(leftOut).default([]),
  /** Whether every table balances. */
  balanced: z.boolean().default(true),
  /** Records of the stream that are no changes of a table. */
  bookkeeping: z.number().default(0),
  /** Tables that a load reads now, with what has come of them. */
  loading: z
    .array(z.object({ id: z.string(), table: z.string(), rows: z.number(), bytes: z.number() }))
    .default([]),
  /** Null in a status of before it was kept. */
  link: linkStatus.nullable().default(null),
  /** Null while it runs, and of a run that died without a word. */
  ended: runEnd.nullable().default(null),
})
export type RunStatus = z.infer<typeof runStatus>

export interface StatusDeps {
  readonly pipeline: Pipeline
  readonly state: RunState
  readonly run: SourceRun
  readonly loads: LoadRunner
  readonly leftOut: readonly LeftOutTable[]
  readonly now: Clock
}

const PERIOD_MS = 1_000

/** Keeps the status of a run, and writes it to a file once a second. */
export class StatusFile {
  private readonly path: string
  private readonly deps: StatusDeps
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()
  private last = { at: 0, captured: 0, formatted: 0, landed: 0 }
  private rates = { captured: 0, formatted: 0, landed: 0 }
  private ended: RunEnd | null = null

  constructor(path: string, deps: StatusDeps) {
    this.path = path
    this.deps = deps
  }

  start(): void {
    this.measure()
    this.timer = setInterval(() => {
      this.measure()
      this.write()
    }, PERIOD_MS)
  }

  /** The last status says how the run ended: by `failure`, or because it was told to. */
  async stop(failure?: unknown): Promise<void> {
    clearInterval(this.timer)
    this.rates = { captured: 0, formatted: 0, landed: 0 }
    this.ended = runEndOf(this.deps.now(), failure)
    this.write()
    await this.writing
  }

  current(): RunStatus {
    const { pipeline, state, run, now } = this.deps
    const { pages, landedPages } = pipeline.counts()
    const loading = this.loading()
    const tally = this.tally(loading)
    const statuses = [
      ...pipeline.tables.map((contract) => this.tableStatus(contract, tally)),
      ...pipeline.ended.map((contract) => ({
        ...this.tableStatus(contract, tally),
        state: 'ended' as const,
      })),
    ]
    return {
      format: 1,
      at: new Date(now()).toISOString(),
      pid: process.pid,
      address: state.data.source.address,
      capturedLsn: String(run.capturedLsn),
      landedLsn: String(pipeline.watermark.lsn),
      rates: this.rates,
      pagesBehind: pages - landedPages,
      freshnessMs: pipeline.freshness.quantiles(),
      quarantineSince: pipeline.quarantine.oldest() ?? null,
      quarantineCauses: Object.fromEntries(pipeline.quarantine.countByCause()),
      memoryMb: Math.round(process.memoryUsage().rss / (1 << 20)),
      tables: statuses,
      leftOut: this.deps.leftOut.map((one) => ({ ...one, fix: [...one.fix] })),
      balanced: statuses.every((table) => table.balance?.balanced !== false),
      bookkeeping: pipeline.ledger.book.bookkeeping,
      loading: loading.map(({ id, table: { table, rows, bytes } }) => ({ id, table, rows, bytes })),
      link: toLinkStatus(run.link.current()),
      ended: this.ended,
    }
  }

  private loading(): readonly Loading[] {
    return this.deps.loads
      .loads()
      .flatMap(({ id, tables }) =>
        tables.flatMap((table) => (table.startedAt === null || isOver(table.state) ? [] : [{ id, table }])),
      )
  }

  /* Once for all tables of a status: with many of them, looking each up alone would be most of the work. */
  private tally(loading: readonly Loading[]): Tally {
    const { pipeline, loads } = this.deps
    const versions = new Map<string, Table[]>()
    for (const contract of pipeline.tables)
      versions.set(contract.name, [...(versions.get(contract.name) ?? []), contract])
    const newest = new Map(
      loads.loads().flatMap(({ id, tables }) => tables.map((one) => [one.table, { load: id, one }] as const)),
    )
    return {
      loading: new Map(loading.toReversed().map((one) => [one.table.table, one.table])),
      labelOf: (contract) => tableLabel(contract, versions.get(contract.name) ?? []),
      failureOf: (source) => {
        const found = newest.get(source)
        return found === undefined || found.one.failure === null
          ? null
          : { load: found.load, ...found.one.failure }
      },
      changes: pipeline.raw.changesByTable(),
      quarantined: pipeline.quarantine.countByTable(),
    }
  }

  private tableStatus(contract: Table, tally: Tally): RunStatus['tables'][number] {
    const { pipeline, state } = this.deps
    const { table } = contract.source
    const loaded = state.data.loads[table]
    const loading = tally.loading.get(table)
    const failure = tally.failureOf(table)
    const { fields = {}, definitions = [] } = pipeline.drift.ofTable(table) ?? {}
    return {
      table: tally.labelOf(contract),
      source: table,
      state: stateOf(loaded?.state, { isLoading: loading !== undefined, hasFailed: failure !== null }),
      loadFailure: failure,
      loadedRows: loaded?.rows ?? loading?.rows ?? 0,
      changes: tally.changes.get(table) ?? 0,
      quarantined: tally.quarantined.get(table) ?? 0,
      unknownFields: Object.keys(fields),
      definitions: definitions.map(({ operation }) => operation),
      drift: definitions.map(({ operation, at }) => ({
        ...{ operation, at },
        says: driftSays(operation),
        toDo: driftToDo(operation, { table, lake: contract.name }),
      })),
      reload: loaded?.stale?.reason ?? null,
      balance: this.balance(contract),
    }
  }

  private balance({ name, version, source }: Table): z.infer<typeof balance> {
    const { ledger, quarantine } = this.deps.pipeline
    const of = { contract: `${name} v${version}`, source: source.table }
    return { ...ledger.balance(of), ...quarantine.countOf(of.source, of.contract) }
  }

  private measure(): void {
    const { pipeline, now } = this.deps
    const { captured, formatted, landedRows: landed } = pipeline.counts()
    const at = now()
    const seconds = Math.max((at - this.last.at) / 1_000, 0.001)
    const rate = (count: number, before: number) => Math.round((count - before) / seconds)
    if (this.last.at > 0)
      this.rates = {
        captured: rate(captured, this.last.captured),
        formatted: rate(formatted, this.last.formatted),
        landed: rate(landed, this.last.landed),
      }
    this.last = { at, captured, formatted, landed }
  }

  /* A status that cannot be written is not worth stopping for; the stores report a full disk themselves. */
  private write(): void {
    const status = this.current()
    this.writing = this.writing.then(() => writeJsonFile(this.path, status)).catch(() => undefined)
  }
}

interface Loading {
  readonly id: string
  readonly table: TableLoad
}

/** What is counted of all tables at once. */
interface Tally {
  readonly loading: ReadonlyMap<string, TableLoad>
  readonly labelOf: (contract: Table) => string
  readonly failureOf: (source: string) => RunStatus['tables'][number]['loadFailure']
  readonly changes: ReadonlyMap<string, number>
  readonly quarantined: ReadonlyMap<string, number>
}

function stateOf(
  loaded: LoadedTable['state'] | undefined,
  { isLoading, hasFailed }: { readonly isLoading: boolean; readonly hasFailed: boolean },
): RunStatus['tables'][number]['state'] {
  if (loaded === 'complete') return 'streaming'
  if (isLoading) return 'loading'
  if (loaded === 'unloaded') return 'unloaded'
  return hasFailed ? 'failed' : 'waiting'
}
