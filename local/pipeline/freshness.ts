/** Quantiles of the time from commit to queryable, in milliseconds; null while there is no change. */
export interface Freshness {
  readonly p50: number | null
  readonly p99: number | null
}

const BUCKETS = 400
const GROWTH = 1.05

/** A histogram of latencies whose buckets are 5 % wide: quantiles are exact to 5 %, memory is constant. */
export class FreshnessHistogram {
  private readonly counts = new Float64Array(BUCKETS)
  private total = 0

  add(milliseconds: number): void {
    const bucket = milliseconds <= 1 ? 0 : Math.ceil(Math.log(milliseconds) / Math.log(GROWTH))
    const index = Math.min(bucket, BUCKETS - 1)
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.total += 1
  }

  quantiles(): Freshness {
    return { p50: this.quantile(0.5), p99: this.quantile(0.99) }
  }

  private quantile(share: number): number | null {
    if (this.total === 0) return null
    let seen = 0
    for (const [index, count] of this.counts.entries()) {
      seen += count
      if (seen >= share * this.total) return Math.round(GROWTH ** index)
    }
    return null
  }
}
