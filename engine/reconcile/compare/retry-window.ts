import type { Clock } from '../../../core/ports/ports.ts'

/** How long a comparison waits for a lake that lags: nobody can say there that everything before a position has landed. */
export interface RetryWindow {
  /** Resolves when it is time to look again; with false when no time is left for it. */
  again(): Promise<boolean>
  /** Milliseconds that the lake has had since the position was fixed. */
  readonly waitedMs: number
}

export interface BackOffSettings {
  readonly now: Clock
  /** Rejects when the work is to end. */
  readonly sleep: (milliseconds: number) => Promise<void>
  /** When the position was fixed, and the last moment at which to look again: epoch milliseconds. */
  readonly since: number
  readonly until: number
  readonly firstMs: number
  readonly capMs: number
}

/** Waits twice as long before each look, up to a cap, and looks once more when the time is over. */
export class BackOffWindow implements RetryWindow {
  private readonly settings: BackOffSettings
  private looks = 0
  private isOver = false

  constructor(settings: BackOffSettings) {
    this.settings = settings
  }

  get waitedMs(): number {
    return Math.max(0, this.settings.now() - this.settings.since)
  }

  async again(): Promise<boolean> {
    const { now, sleep, until, firstMs, capMs } = this.settings
    const left = until - now()
    if (this.isOver || left <= 0) return false
    const wait = Math.min(capMs, firstMs * 2 ** this.looks)
    this.looks += 1
    this.isOver = wait >= left
    await sleep(Math.min(wait, left))
    return true
  }
}
