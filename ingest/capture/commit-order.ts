import { parseTimestamp } from '../../core/contract/value/temporal.ts'
import type { RawChange } from '../../core/page.ts'
import type { Position } from '../../core/position.ts'

interface Latest {
  readonly position: Position
  readonly micros: bigint
}

/**
 * Whether the positions of changes agree with the times of their commits, row by row: a row's changes commit one after the
 * other, so a higher position has no earlier commit. One that has was ordered wrongly, or a clock went back. Knows the
 * records of one batch, whose partition key is that of the row; a partition key of whole tables says nothing of a row.
 */
export class CommitOrder {
  /** Changes whose commit time contradicts their position. */
  contradictions = 0
  private readonly latest = new Map<string, Latest>()

  note(table: string, partitionKey: string, { position, committedAt }: RawChange): void {
    if (committedAt === null || !partitionKey.startsWith(`${table}.`)) return
    const instant = parseTimestamp(committedAt)
    if (instant === undefined) return
    const micros = BigInt(instant.seconds) * 1_000_000n + BigInt(instant.micros)
    const known = this.latest.get(partitionKey)
    if (known !== undefined && known.position !== position) {
      const isLater = position > known.position
      if (isLater ? micros < known.micros : micros > known.micros) this.contradictions += 1
      if (!isLater) return
    }
    this.latest.set(partitionKey, { position, micros })
  }
}
