import type { FailureCode } from '../../../core/failures/failures.ts'
import type { Position } from '../../../core/position.ts'

/** A file that readers of an older catalog may still have open. */
export interface RetiredFile {
  readonly key: string
  /** It is out of use once this build is published. */
  readonly build: number
  /** When it went out of use, epoch milliseconds. */
  readonly at: number
  /** `replaced` by a newer base file, `merged` into another history file, or of a day that is `past` its retention. */
  readonly reason: 'replaced' | 'merged' | 'past'
}

/** What is known of the compactions of one table version. */
export interface CompactionRecord {
  readonly table: string
  readonly version: number
  /** The floor that each of the last builds was made with: another one needs history to be read anew. */
  readonly builds: readonly { readonly build: number; readonly floor: Position | null }[]
  /** The first ingest day that is still there after older ones were dropped; null while all of history is. */
  readonly historySince: string | null
  readonly retired: readonly RetiredFile[]
  /** When a compaction last began, and when one last left no history unfolded; epoch milliseconds. */
  readonly begunAt: number | null
  readonly foldedAt: number | null
  /** What the last compaction failed with; null when it did not. */
  readonly failure: CompactionFailure | null
}

export interface CompactionFailure {
  /** Epoch milliseconds. */
  readonly at: number
  readonly code: FailureCode | 'internal'
  /** Empty for `internal`. */
  readonly message: string
}

/**
 * What compactions must remember beside the catalog.
 * Durability: a record is durable, whole, when `save` resolves. Duplicates: the last save of a table version wins.
 * Concurrency: one compaction of a table version at a time. Loss of a record costs time, never rows: the next base is
 * then made of the old one and history together, and files out of use wait their time again.
 */
export interface CompactionLedger {
  read(table: string, version: number): Promise<CompactionRecord | undefined>
  save(record: CompactionRecord): Promise<void>
}
