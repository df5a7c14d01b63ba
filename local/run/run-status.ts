import * as z from 'zod'
import type { Table } from '../../core/contract/table.ts'
import { tableLabel } from '../../core/contract/table-label.ts'
import type { Clock } from '../../core/ports.ts'
import { writeJsonFile } from '../pipeline/json-file.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { RunState } from '../pipeline/run-state.ts'
import type { SourceRun } from '../pipeline/source-run.ts'

const tableStatus = z.object({
  table: z.string(),
  source: z.string(),
  /** `waiting`, `loading`, `loaded` (rows still on their way) or `streaming`. */
  state: z.enum(['waiting', 'loading', 'loaded', 'streaming']),
  loadedRows: z.number(),
  changes: z.number(),
  quarantined: z.number(),
  /** Source fields that no contract knows, now in `_extra`. */
  unknownFields: z.array(z.string()),
  /** Data definition that the source announced since. */
  definitions: z.array(z.string()),
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
})
export type RunStatus = z.infer<typeof runStatus>

export interface StatusDeps {
  readonly pipeline: Pipeline
  readonly state: RunState
  readonly run: SourceRun
  readonly tables: readonly Table[]
  readonly loadRows: ReadonlyMap<string, number>
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

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.rates = { captured: 0, formatted: 0, landed: 0 }
    this.write()
    await this.writing
  }

  current(): RunStatus {
    const { pipeline, state, run, tables, now } = this.deps
    const { pages, landedPages } = pipeline.counts()
    const quarantined = pipeline.quarantine.countByTable()
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
      tables: tables.map((contract) => this.tableStatus(contract, quarantined)),
    }
  }

  private tableStatus(
    contract: Table,
    quarantined: ReadonlyMap<string, number>,
  ): RunStatus['tables'][number] {
    const { pipeline, state, tables, loadRows } = this.deps
    const { table } = contract.source
    const { fields = {}, definitions = [] } = pipeline.drift.ofTable(table) ?? {}
    return {
      table: tableLabel(contract, tables),
      source: table,
      state: stateOf(state.data.loads[table]?.state),
      loadedRows: loadRows.get(table) ?? state.data.loads[table]?.rows ?? 0,
      changes: pipeline.raw.changesByTable().get(table) ?? 0,
      quarantined: quarantined.get(table) ?? 0,
      unknownFields: Object.keys(fields),
      definitions: definitions.map(({ operation }) => operation),
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

  /* A status that cannot be written is not worth stopping for; the stores report a full disk themselves. */
  private write(): void {
    const status = this.current()
    this.writing = this.writing.then(() => writeJsonFile(this.path, status)).catch(() => undefined)
  }
}

function stateOf(load: 'loading' | 'loaded' | 'complete' | undefined): RunStatus['tables'][number]['state'] {
  if (load === undefined) return 'waiting'
  return load === 'complete' ? 'streaming' : load
}
