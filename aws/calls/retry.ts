import { setTimeout as sleep } from 'node:timers/promises'

/** How long a call is tried: bounded in attempts and in time. */
export interface RetryPolicy {
  /** Attempts without progress. */
  readonly attempts: number
  readonly baseMs: number
  readonly capMs: number
  /** Of all attempts and waits together. */
  readonly deadlineMs: number
  /** From 0 to 1: spreads the waits of writers that were throttled together. */
  readonly random: () => number
}

export const defaultRetry: RetryPolicy = {
  attempts: 8,
  baseMs: 50,
  capMs: 5_000,
  deadlineMs: 60_000,
  random: Math.random,
}

/** The attempts of one call, with exponential back-off and full jitter between them. */
export class Attempts {
  /** Aborts when the deadline has passed; given to every request. */
  readonly signal: AbortSignal
  private readonly policy: RetryPolicy
  private failed = 0

  constructor(policy: RetryPolicy) {
    this.policy = policy
    this.signal = AbortSignal.timeout(policy.deadlineMs)
  }

  /** Something was done: only the deadline bounds a call that gets on. */
  progressed(): void {
    this.failed = 0
  }

  /** Waits before the next attempt; false when there is none left. */
  async again(): Promise<boolean> {
    const { attempts, baseMs, capMs, random } = this.policy
    this.failed += 1
    if (this.failed >= attempts || this.signal.aborted) return false
    const bound = Math.min(capMs, baseMs * 2 ** (this.failed - 1))
    return sleep(random() * bound, true, { signal: this.signal }).catch(() => false)
  }
}
