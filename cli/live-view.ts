import type { Traffic } from '../local/postgres/traffic.ts'
import type { RunStatus } from '../local/run/run-status.ts'
import { count, type Output } from './output.ts'
import { statusTable } from './status-table.ts'

const TERMINAL_MS = 1_000
const LOG_MS = 5_000

/** Shows the status while a run goes on: redrawn in place on a terminal, one line every five seconds elsewhere. */
export class LiveView {
  private readonly output: Output
  private readonly status: () => RunStatus
  private readonly traffic: Traffic | undefined
  private timer: NodeJS.Timeout | undefined
  private drawn = 0

  constructor(output: Output, status: () => RunStatus, traffic: Traffic | undefined) {
    this.output = output
    this.status = status
    this.traffic = traffic
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
  }

  private draw(): void {
    const text = `${statusTable(this.status(), this.output)}\n${this.hint()}`
    const lines = text.split('\n')
    /* Up over the last picture, and clear from there. */
    if (this.drawn > 0) process.stderr.write(`\x1b[${this.drawn}A\x1b[0J`)
    process.stderr.write(`${text}\n`)
    this.drawn = lines.length
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

/** The whole status in one line, for logs. */
export function summaryLine({ rates, pagesBehind, freshnessMs, memoryMb, tables }: RunStatus): string {
  const quarantined = tables.reduce((sum, table) => sum + table.quarantined, 0)
  const loading = tables.filter(({ state }) => state !== 'streaming').length
  return [
    `captured ${count(rates.captured)}/s`,
    `formatted ${count(rates.formatted)}/s`,
    `landed ${count(rates.landed)}/s`,
    `behind ${pagesBehind} pages`,
    `freshness p50 ${freshnessMs.p50 ?? '-'} ms p99 ${freshnessMs.p99 ?? '-'} ms`,
    `quarantine ${quarantined}`,
    `memory ${memoryMb} MB`,
    ...(loading > 0 ? [`loading ${loading} of ${tables.length} tables`] : []),
  ].join(' · ')
}
