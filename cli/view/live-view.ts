import { stripVTControlCharacters } from 'node:util'
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
    this.drawn = 0
  }

  /** Prints a line that stays; the picture goes on below it. */
  announce(text: string): void {
    this.erase()
    this.output.progress(text)
  }

  private draw(): void {
    this.erase()
    const lines =
      `${statusTable(this.status(), this.output, { isRunning: true, now: Date.now() })}\n${this.hint()}`.split(
        '\n',
      )
    /* A line that wraps would count twice when the picture is erased. */
    process.stderr.write(lines.map((line) => `${cutVisible(line, this.output.columns)}\n`).join(''))
    this.drawn = lines.length
  }

  /* Up over the last picture, and clear from there. */
  private erase(): void {
    if (this.drawn > 0) process.stderr.write(`\x1b[${this.drawn}A\x1b[0J`)
    this.drawn = 0
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

/** At most `columns` characters of a line, its colours kept and closed. */
export function cutVisible(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line
  let room = columns - 1
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  const parts = line.split(/(\x1b\[[0-9;]*m)/)
  const kept = parts.map((part) => {
    if (part.startsWith('\x1b')) return part
    const shown = part.slice(0, Math.max(room, 0))
    room -= part.length
    return shown
  })
  return `${kept.join('')}…`
}

/** The whole status in one line, for logs. */
export function summaryLine({ rates, pagesBehind, freshnessMs, memoryMb, tables, link }: RunStatus): string {
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
