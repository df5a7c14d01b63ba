import type { Load } from '../../core/load/load.ts'
import type { Clock } from '../../core/ports/ports.ts'
import type { Output } from '../terminal/output.ts'
import { loadLine, loadText } from './load-view.ts'

const LOG_MS = 5_000

/** A load that goes on: its table redrawn on a terminal, a line now and then elsewhere. */
export class LoadScreen {
  private readonly output: Output
  private readonly now: Clock
  private drawn = 0
  private said = 0

  constructor(output: Output, now: Clock) {
    this.output = output
    this.now = now
  }

  show(load: Load): void {
    const now = this.now()
    if (this.output.isTerminal) {
      const text = loadText(load, this.output, now)
      this.clear()
      this.output.progress(text)
      this.drawn = text.split('\n').length
    } else if (now - this.said >= LOG_MS) {
      this.said = now
      this.output.progress(loadLine(load, now))
    }
  }

  clear(): void {
    if (this.output.isTerminal && this.drawn > 0) process.stderr.write(`\x1b[${this.drawn}A\x1b[0J`)
    this.drawn = 0
  }
}
