import * as z from 'zod'
import { Mutex } from '../../../core/mutex.ts'
import type { Clock } from '../../../core/ports/ports.ts'
import type { LeftOutTable } from '../../../engine/postgres/rules/table-rules.ts'
import { writeJsonFile } from '../../documents/json-file.ts'
import type { LoadRunner } from '../../loads/load-runner.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { SourceRun } from '../../pipeline/source-run.ts'
import type { RunState } from '../../state/run-state.ts'
import { linkStatus, type RunEnd, runEnd, runEndOf, toLinkStatus } from './link-status.ts'
import { restAfter } from './rest-after.ts'
import { readNow, tableStatus, tableStatuses } from './table-status.ts'

/** A table that was asked for and is not followed: why, and what mends it. */
const leftOut = z.object({
  table: z.string(),
  code: z.string(),
  message: z.string(),
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
  /** Records that wait and do not say their table. */
  quarantineNameless: z.number().default(0),
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

const PACE = { everyMs: 1_000, share: 0.02, mostMs: 10_000 }
/* While nothing comes and nothing is loaded, only the time in it is new. */
const QUIET_PACE = { ...PACE, share: 0.004 }

/** Keeps the status of a run, and writes it to a file: once a second, or less often when that would be much work. */
export class StatusFile {
  private readonly path: string
  private readonly deps: StatusDeps
  private timer: NodeJS.Timeout | undefined
  private readonly writes = new Mutex()
  private last = { at: 0, captured: 0, formatted: 0, landed: 0 }
  private rates = { captured: 0, formatted: 0, landed: 0 }
  private ended: RunEnd | null = null
  private isStopped = false

  constructor(path: string, deps: StatusDeps) {
    this.path = path
    this.deps = deps
  }

  start(): void {
    this.measure()
    this.plan(PACE.everyMs)
  }

  /** The last status says how the run ended: by `failure`, or because it was told to. */
  async stop(failure?: unknown): Promise<void> {
    this.isStopped = true
    clearTimeout(this.timer)
    this.rates = { captured: 0, formatted: 0, landed: 0 }
    this.ended = runEndOf(this.deps.now(), failure)
    this.write()
    await this.writes.idle()
  }

  current(): RunStatus {
    const { pipeline, state, run, now } = this.deps
    const { pages, landedPages } = pipeline.counts()
    const statusOf = tableStatuses(this.deps)
    const statuses = [
      ...pipeline.tables.map(statusOf),
      ...pipeline.ended.map((contract) => ({ ...statusOf(contract), state: 'ended' as const })),
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
      quarantineNameless: pipeline.quarantine.countByTable().get('') ?? 0,
      quarantineCauses: Object.fromEntries(pipeline.quarantine.countByCause()),
      memoryMb: Math.round(process.memoryUsage().rss / (1 << 20)),
      tables: statuses,
      leftOut: this.deps.leftOut.map((one) => ({ ...one, fix: [...one.fix] })),
      balanced: statuses.every((table) => table.balance?.balanced !== false),
      bookkeeping: pipeline.ledger.bookkeeping,
      loading: readNow(this.deps.loads.loads()).map(({ id, table: { table, rows, bytes } }) => ({
        id,
        table,
        rows,
        bytes,
      })),
      link: toLinkStatus(run.link.current()),
      ended: this.ended,
    }
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

  private plan(waitMs: number): void {
    if (this.isStopped) return
    this.timer = setTimeout(() => {
      const startedAt = performance.now()
      this.measure()
      const { rates, loading } = this.write()
      const isQuiet = loading.length === 0 && Object.values(rates).every((rate) => rate === 0)
      void this.writes.idle().then(() => {
        this.plan(restAfter(performance.now() - startedAt, isQuiet ? QUIET_PACE : PACE))
      })
    }, waitMs)
  }

  /* A status that cannot be written is not worth stopping for; the stores report a full disk themselves. */
  private write(): RunStatus {
    const status = this.current()
    void this.writes.run(() => writeJsonFile(this.path, status))
    return status
  }
}
