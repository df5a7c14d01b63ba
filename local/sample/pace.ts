/** A steady rate out of transactions of any size, by a token bucket that may run into debt. */
export interface Pace {
  /** Books `changes` done at `now` (milliseconds). */
  spend(changes: number, now: number): void
  /** Milliseconds to wait from `now` until the next transaction may begin; 0 when it may now. */
  waitMs(now: number): number
}

/** A pause makes at most this much to catch up. */
const burstSeconds = 0.25
/** What one transaction costs beyond this is paid back beside the running traffic, at half the rate. */
const stallSeconds = 0.2

/** `start` is the `now` of the first call, on any clock in milliseconds. */
export function steadyPace(changesPerSecond: number, start: number): Pace {
  const perMs = changesPerSecond / 1_000
  const burst = Math.max(1, changesPerSecond * burstSeconds)
  let tokens = burst
  let debt = 0
  let last = start
  const refill = (now: number) => {
    const earned = Math.max(0, now - last) * perMs
    last = Math.max(last, now)
    const paid = Math.min(debt, earned / 2)
    debt -= paid
    tokens = Math.min(burst, tokens + earned - paid)
  }
  return {
    spend: (changes, now) => {
      refill(now)
      const most = Math.max(1, changesPerSecond * stallSeconds)
      tokens -= Math.min(changes, most)
      debt += Math.max(0, changes - most)
    },
    waitMs: (now) => {
      refill(now)
      return tokens > 0 ? 0 : Math.ceil(-tokens / (debt > 0 ? perMs / 2 : perMs)) + 1
    },
  }
}
