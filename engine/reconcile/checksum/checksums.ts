import { BUCKETS } from './checksum-sql.ts'

/** Rows and digest sum of each bucket that has rows. */
export type Checksums = ReadonlyMap<number, { readonly rows: number; readonly sum: bigint }>

/** Buckets whose rows are not the same on both sides, in order. */
export function differingBuckets(left: Checksums, right: Checksums): readonly number[] {
  const buckets = [...new Set([...left.keys(), ...right.keys()])]
  return buckets
    .filter((bucket) => {
      const [one, other] = [left.get(bucket), right.get(bucket)]
      return one?.rows !== other?.rows || one?.sum !== other?.sum
    })
    .toSorted((one, other) => one - other)
}

export function rowsOf(checksums: Checksums): number {
  return [...checksums.values()].reduce((total, { rows }) => total + rows, 0)
}

const HALF = 2 ** 30

/** Adds up the checksums of rows whose digests are made in this process; its size does not depend on their number. */
export class ChecksumSums {
  private readonly rows = new Float64Array(BUCKETS)
  /* Halves of 30 bits: their sums are exact for eight million rows a bucket. */
  private readonly high = new Float64Array(BUCKETS)
  private readonly low = new Float64Array(BUCKETS)

  /** `digest` is the MD5 of the row in hex. */
  add(bucket: number, digest: string): void {
    const head = Number.parseInt(digest.slice(0, 8), 16)
    const tail = Number.parseInt(digest.slice(8, 15), 16)
    /* 32 bits and 28 become 30 and 30. */
    this.rows[bucket] = (this.rows[bucket] ?? 0) + 1
    this.high[bucket] = (this.high[bucket] ?? 0) + Math.floor(head / 4)
    this.low[bucket] = (this.low[bucket] ?? 0) + (head % 4) * 2 ** 28 + tail
  }

  checksums(): Checksums {
    const sums = new Map<number, { rows: number; sum: bigint }>()
    for (const [bucket, rows] of this.rows.entries())
      if (rows > 0) {
        const sum = BigInt(this.high[bucket] ?? 0) * BigInt(HALF) + BigInt(this.low[bucket] ?? 0)
        sums.set(bucket, { rows, sum })
      }
    return sums
  }
}

/** The bucket of a key by the MD5 of its text in hex. */
export function bucketOf(keyDigest: string): number {
  return Number.parseInt(keyDigest.slice(0, 3), 16)
}

/** A share of the buckets, chosen at random, at least one. */
export function sampledBuckets(percent: number, random: () => number): readonly number[] {
  const wanted = Math.max(1, Math.round((BUCKETS * percent) / 100))
  const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket)
  /* Fisher and Yates, as far as needed. */
  for (let at = 0; at < wanted && at < BUCKETS; at += 1) {
    const other = at + Math.floor(random() * (BUCKETS - at))
    const [one = 0, two = 0] = [buckets[at], buckets[other]]
    buckets[at] = two
    buckets[other] = one
  }
  return buckets.slice(0, wanted).toSorted((one, two) => one - two)
}
