/** How often something is done again that takes longer the more tables there are. */
export interface Pace {
  /** Milliseconds from one time to the next, while it takes little. */
  readonly everyMs: number
  /** It takes no more than this share of the time, unless that would be more than `mostMs` apart. */
  readonly share: number
  readonly mostMs: number
}

/** Milliseconds to the next time, after one that took `tookMs`. */
export function restAfter(tookMs: number, { everyMs, share, mostMs }: Pace): number {
  return Math.min(Math.max(tookMs / share, everyMs), Math.max(mostMs, everyMs))
}
