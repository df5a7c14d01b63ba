import cliTruncate from 'cli-truncate'
import { createLogUpdate } from 'log-update'
import { count, plural } from '../../core/amount-text.ts'
import type { RunStatus } from '../../local/run/status/run-status.ts'
import type { Traffic } from '../../local/sample/traffic.ts'
import type { Output } from '../terminal/output.ts'
import { statusTable } from './status-table.ts'

const TERMINAL_MS = 1_000
const LOG_MS = 5_000

/** Shows the status while a run goes on: redrawn in place on a terminal, one line every five seconds elsewhere. */
export class LiveView {
  private readonly output: Output
  private readonly status: () => RunStatus
  private readonly traffic: Traffic | undefined
  private readonly screen: ReturnType<typeof createLogUpdate>
  private timer: NodeJS.Timeout | undefined

  constructor(
    output: Output,
    status: () => RunStatus,
    traffic: Traffic | undefined,
    terminal: NodeJS.WritableStream = process.stderr,
  ) {
    this.output = output
    this.status = status
    this.traffic = traffic
    /* A cursor that is hidden stays so after SIGKILL. */
    this.screen = createLogUpdate(terminal, { showCursor: true })
  }

  start(): void {
    const { isTerminal } = this.output
    this.timer = setInterval(
      () => (isTerminal ? this.draw() : this.line()),
      isTerminal ? TERMINAL_MS : LOG_MS,
    )
  }

  /** The last picture stays on the screen. */
  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
    this.screen.done()
  }

  /** Prints a line that stays; the picture goes on below it. */
  announce(text: string): void {
    this.screen.clear()
    this.output.progress(text)
  }

  private draw(): void {
    const table = statusTable(this.status(), this.output, { isRunning: true, now: Date.now() })
    const lines = [...table.split('\n'), this.hint()]
    /* A table whose lines wrap cannot be read. */
    this.screen(lines.map((line) => cliTruncate(line, this.output.columns)).join('\n'))
  }

  private hint(): string {
    const source =
      this.traffic === undefined ? '' : `  source: ${count(this.traffic.report().transactions)} transactions.`
    return `${source}  Ctrl-C stops and proves. Elsewhere: npx tidemark query "select * from …"`.trimStart()
  }

  private line(): void {
    this.output.progress(summaryLine(this.status()))
  }
}

/* The whole status in one line, for logs. */
function summaryLine({ rates, pagesBehind, freshnessMs, memoryMb, tables, link }: RunStatus): string {
  const quarantined = tables.reduce((sum, table) => sum + table.quarantined, 0)
  const loading = tables.filter(({ state }) => state === 'waiting' || state === 'loading').length
  const failed = tables.filter(({ loadFailure }) => loadFailure !== null).length
  return [
    `captured ${count(rates.captured)}/s`,
    `formatted ${count(rates.formatted)}/s`,
    `landed ${count(rates.landed)}/s`,
    `behind ${plural(pagesBehind, 'page')}`,
    `freshness p50 ${freshnessMs.p50 ?? '-'} ms p99 ${freshnessMs.p99 ?? '-'} ms`,
    `quarantine ${quarantined}`,
    `memory ${memoryMb} MB`,
    ...(loading > 0 ? [`loading ${loading} of ${plural(tables.length, 'table')}`] : []),
    ...(link?.state === 'waiting' ? [`source away since ${link.since}`] : []),
    ...(failed > 0 ? [`the load of ${failed} failed`] : []),
  ].join(' · ')
}
