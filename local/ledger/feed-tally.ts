import type { Feed } from '../../core/ledger/ledger.ts'
import type { FeedTotals } from '../../core/ledger/ledger-balance.ts'

const NOTHING: FeedTotals = { changes: 0, through: null }

/** Sums over the pages of a feed by source table, from a place on. Every page is read once. */
export class FeedTally {
  private readonly feed: Feed
  private next: number
  private readonly totals = new Map<string, FeedTotals>()

  constructor(feed: Feed, since: number) {
    this.feed = feed
    this.next = since
  }

  of(table: string): FeedTotals {
    for (; this.next < this.feed.length; this.next += 1) {
      const header = this.feed.header(this.next)
      if (header === undefined) continue
      const { changes, through } = this.totals.get(header.table) ?? NOTHING
      const reached = through === null || header.lastPosition > through ? header.lastPosition : through
      this.totals.set(header.table, { changes: changes + header.changes, through: reached })
    }
    return this.totals.get(table) ?? NOTHING
  }
}
