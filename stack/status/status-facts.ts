import type { MetricAlarm } from '../../aws/cloudwatch/read-alarms.ts'
import type { TaskReport } from '../../aws/dms/dms-tasks.ts'
import type { QueueDepth } from '../../aws/sqs/read-queue.ts'
import type { AuditedBalance } from '../../core/audit/audit-pages.ts'
import type { Load } from '../../core/load/load.ts'
import type { KeptProofs } from '../../engine/reconcile/kept-proofs.ts'
import type { CompactionFailure } from '../../lake/compaction/plan/compaction-ledger.ts'

/** A metric over the window that was looked at; null when nobody put it. */
export type Measured = number | null

export interface TaskFacts {
  readonly arn: string
  readonly task: TaskReport
}

export interface LatencyFacts {
  /** Of DMS, seconds: the newest value. */
  readonly sourceSeconds: Measured
  readonly targetSeconds: Measured
}

export interface ReaderFacts {
  /** Milliseconds that functions are behind their streams, by function; the largest of the window. */
  readonly behindMs: ReadonlyMap<string, Measured>
  /** Event sources that are disabled: a reader that does not read measures nothing. */
  readonly switchedOff: readonly { readonly name: string; readonly id: string }[]
}

export interface FreshnessFacts {
  /** Milliseconds from commit until stored, from the page until formatted, from commit until queryable: p99 of the window. */
  readonly captureMs: Measured
  readonly formatMs: Measured
  readonly landMs: Measured
}

export interface LedgerFacts {
  readonly balances: readonly AuditedBalance[]
  /** What an audit of everything found missing; 0 without one. */
  readonly faults: number
  /** As the user wrote it, for commands. */
  readonly stack: string
}

export interface QueueFacts {
  /** By the name that the outputs give it: `land`, `land_dead`, … */
  readonly queues: ReadonlyMap<string, QueueDepth>
}

export interface QuarantineFacts {
  readonly now: number
  readonly waiting: number
  /** At most so many are counted. */
  readonly most: number
  readonly since: string | null
}

export interface LoadFacts {
  readonly loads: readonly Load[]
  readonly stack: string
}

export interface CompactionFacts {
  readonly now: number
  /** When each table version was last folded whole, epoch milliseconds; null when no compaction did. */
  readonly foldedAt: ReadonlyMap<string, number | null>
  /** What the last compaction of a table version failed with. */
  readonly failed: readonly ({ readonly table: string; readonly version: number } & CompactionFailure)[]
  /** The function that compacts, for commands. */
  readonly compactor: string
}

export interface ProofFacts {
  readonly now: number
  /** What a proof calls the tables that can be proven. */
  readonly tables: readonly string[]
  readonly proofs: KeptProofs
  readonly stack: string
}

export interface AlarmFacts {
  readonly now: number
  readonly alarms: readonly MetricAlarm[]
}
