import { PipelineError } from '../../core/failures/failures.ts'
import type { Clock } from '../../core/ports/ports.ts'
import { isAway } from '../../engine/postgres/connection/source-error.ts'

/** What is known of the way to the source. Times in ms since 1970. */
export interface LinkState {
  /** `waiting`: the connection is lost, and is tried again at `retryAt`. */
  readonly state: 'starting' | 'reading' | 'waiting'
  readonly since: number
  /** When the last message came, answers to our own pings included. */
  readonly heardAt: number | null
  /** Connections that were lost since the start of the run. */
  readonly lost: number
  readonly retryAt: number | null
  readonly failure: { readonly code: string; readonly message: string } | null
  /** The server holds the stream back for a standby of its own. */
  readonly standbySince: number | null
}

/* A server repeats it while it waits. */
const STANDBY_MS = 30_000

/** Keeps what the run knows of its connection, for whoever looks at the status. */
export class SourceLink {
  private readonly now: Clock
  private state: Omit<LinkState, 'heardAt'>
  private heardAt: number | null = null
  private standbyAt = 0

  constructor(now: Clock) {
    this.now = now
    this.state = {
      state: 'starting',
      since: now(),
      lost: 0,
      retryAt: null,
      failure: null,
      standbySince: null,
    }
  }

  /** The source sends. */
  reading(): void {
    const at = this.now()
    this.heardAt = at
    this.state = { ...this.state, state: 'reading', since: at, retryAt: null, failure: null }
  }

  /** Called for each message: it only keeps the time. */
  heard(at: number): void {
    this.heardAt = at
  }

  /** The first of several failures in a row says since when. */
  lost(error: PipelineError, waitMs: number): void {
    const { state, since, lost } = this.state
    const at = this.now()
    const isFirst = state !== 'waiting'
    this.state = {
      ...this.state,
      state: 'waiting',
      since: isFirst ? at : since,
      lost: isFirst ? lost + 1 : lost,
      retryAt: at + waitMs,
      failure: { code: error.code, message: error.message },
      standbySince: null,
    }
  }

  /** True the first time in a row. */
  standbyWaits(): boolean {
    const at = this.now()
    const isNew = this.current().standbySince === null
    this.standbyAt = at
    if (isNew) this.state = { ...this.state, standbySince: at }
    return isNew
  }

  current(): LinkState {
    const isOver = this.now() - this.standbyAt > STANDBY_MS
    const { state, heardAt } = this
    return { ...state, heardAt, standbySince: isOver ? null : state.standbySince }
  }
}

/* Failures that a start does not wait for, and that may be the rest of our own connection once it was lost. */
const OF_OURS = ['source/slot-in-use', 'source/slots-exhausted']
const FIRST_MS = 500
const LONGEST_MS = 60_000
const ATTEMPTS = 5

/**
 * Milliseconds until the source is tried again after `failures` attempts in a row that brought nothing; undefined when
 * the run has to end. A source that is away is waited for without end; whatever else may pass is tried five times more.
 */
export function pauseAfter(error: unknown, failures: number): number | undefined {
  if (!(error instanceof PipelineError)) return undefined
  const wait = Math.min(FIRST_MS * 2 ** Math.min(failures, 20), LONGEST_MS)
  if (isAway(error)) return wait
  const mayPass = error.action === 'retry' || OF_OURS.includes(error.code)
  return mayPass && failures < ATTEMPTS ? wait : undefined
}
