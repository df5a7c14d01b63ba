import type { FailureCode } from '../../core/failures/failures.ts'
import type { Position } from '../../core/position.ts'
import type { RowDifference } from './compare/column-differences.ts'
import type { Difference } from './compare/compare-table.ts'
import type { HealResult } from './compare/heal.ts'
import type { Since } from './lake/since.ts'
import type { Way } from './source/source-side.ts'

/** What was compared of a table: everything, some of its buckets, or the keys that the lake changed since then. */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'sample'; readonly percent: number; readonly buckets: number }
  | { readonly kind: 'since'; readonly since: Since; readonly keys: number }
  | { readonly kind: 'keys'; readonly keys: number }

export interface TableProof {
  readonly table: string
  /** Everything before it was compared, and nothing after: the proof's own, or later, when the table was read again. */
  readonly asOf: Position
  /** Of what was compared: see `scope`. After healing, whether it is equal now. */
  readonly equal: boolean
  readonly scope: Scope
  readonly way: Way
  /** Rows that were compared. */
  readonly sourceRows: number
  readonly lakeRows: number
  /** Keys that differ and have no change in quarantine that explains it. */
  readonly different: number
  readonly differences: readonly Difference[]
  /** The columns of the first keys that differ. */
  readonly rows: readonly RowDifference[]
  /** Contract columns that the source does not have (any more). */
  readonly notCompared: readonly string[]
  /** Keys that differ because their change is in quarantine. */
  readonly quarantinedKeys: readonly string[]
  /** Keys of the source that readers are not shown, for nothing in the lake has all of their row; explained or not. */
  readonly heldBackKeys: readonly string[]
  /** Changes in quarantine that do not say which row they are of: any key that differs may be theirs. */
  readonly unplaced: number
  /** Keys that a load has put below changes that were committed after it began; they are read again. */
  readonly outrankedKeys: readonly string[]
  /** Snapshots of the source in which what differed was compared: more than one where changes may lie astride a position. */
  readonly snapshots: number
  /** Null when nothing was to be healed. */
  readonly healed: HealResult | null
  /** Milliseconds that the lake had since the position was fixed; 0 where it is known to have everything before it. */
  readonly waitedMs: number
  /** Milliseconds that the comparison took, waiting for the lake to reach the position not included. */
  readonly ms: number
}

/** A table that could not be compared, and why; the others were. */
export interface ProofFailure {
  readonly table: string
  readonly code: FailureCode | 'internal'
  readonly message: string
}

export interface Proof {
  /** Every table that was asked for was compared and is equal. */
  readonly equal: boolean
  /** Everything committed before this position was compared; of a table, what came later only where its `asOf` says so. */
  readonly lsn: bigint
  readonly asOf: Position
  readonly tables: readonly TableProof[]
  readonly failed: readonly ProofFailure[]
}
