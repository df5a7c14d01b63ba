import * as z from 'zod'
import type { Fix } from '../check.ts'
import { type FailureCode, isFailureCode } from '../failures/failures.ts'
import type { Load } from '../load/load.ts'
import { loadDocument } from '../load/load-document.ts'

/* What each operation answers: the form between processes, and between a command and the functions of a stack. */

const whole = z.number().int()
const failureCode = z.custom<FailureCode>((value) => typeof value === 'string' && isFailureCode(value))
const anyCode = z.union([failureCode, z.literal('internal')])

export const redriveResult = z.object({
  considered: whole,
  /** Entries that pass today; in the lake and released unless it was a dry run. */
  passed: whole,
  /** What passes, by contract that takes it, `name vN`: an entry that no contract had read counts for each. */
  contracts: z.array(z.object({ contract: z.string(), count: whole })).readonly(),
  /** Entries that still wait: refused again, or of a kind that cannot be redriven. */
  refused: whole,
  /** Today's reasons against those that still fail, with counts. */
  reasons: z
    .array(
      z.object({
        reason: z.object({ code: failureCode, path: z.string(), message: z.string() }),
        count: whole,
      }),
    )
    .readonly(),
  /** It was stopped before the last entry; the same call goes on. */
  isInterrupted: z.boolean(),
})
export type RedriveResult = z.output<typeof redriveResult>

const replayCounts = {
  pages: whole,
  changes: whole,
  rows: whole,
  /** Changes that today's contract refuses: they keep their earlier reading, if they had one, and are in quarantine. */
  refused: whole,
}

export const replayResult = z.object({
  table: z.string(),
  version: whole,
  /** Null for a dry run. */
  revision: whole.nullable(),
  state: z.enum(['complete', 'dry run', 'interrupted']),
  ...replayCounts,
})
export type ReplayResult = z.output<typeof replayResult>

/** How far a replay on a stack is. */
export const replayProgress = z.object({
  state: z.enum(['running', 'complete', 'dry run']),
  /** Null for a dry run. */
  revision: whole.nullable(),
  ...replayCounts,
  /** Where the oldest page that is still there begins, and when its last change was committed, ISO 8601 UTC. */
  from: z.string().nullable(),
  since: z.string().nullable(),
  /** The last page that was read. */
  after: z.string().nullable(),
})
export type ReplayProgress = z.output<typeof replayProgress>

/** What a function answers to a piece of a replay; `busy`: another request is at it. */
export const replayAnswer = z.union([replayProgress, z.object({ state: z.literal('busy') })])
export type ReplayAnswer = z.output<typeof replayAnswer>

const names = z.array(z.string()).readonly()
/** What became of names that a stage was asked to do again. */
export const requestAnswer = z.object({
  done: names,
  /** Nobody has them. */
  absent: names,
  failed: z.array(z.object({ name: z.string(), code: z.string() })).readonly(),
  /** Not begun: the time was over. */
  left: names,
})
export type RequestAnswer = z.output<typeof requestAnswer>

/** What became of one page, landing object or file that was to come back. */
const repairOutcome = z.object({
  name: z.string(),
  /** `planned` for a dry run; `left` was not begun, and the same request goes on there. */
  state: z.enum(['done', 'planned', 'failed', 'left']),
  /** What was done, or why it could not be and what to do. */
  message: z.string(),
})
export type RepairOutcome = z.output<typeof repairOutcome>

export const repairResult = z.object({ isDryRun: z.boolean(), repairs: z.array(repairOutcome).readonly() })
export type RepairResult = z.output<typeof repairResult>

export const expiryResult = z.object({ considered: whole, expired: whole })
export type ExpiryResult = z.output<typeof expiryResult>

export const compactionResult = z.object({
  table: z.string(),
  version: whole,
  state: z.enum(['published', 'nothing new', 'interrupted']),
  /** The build that readers see now; null when there is none. */
  build: whole.nullable(),
  /** What was folded, and its bytes. */
  freshFiles: whole,
  freshBytes: whole,
  /** Keys made anew, and what became of them. */
  touched: whole,
  live: whole,
  dead: whole,
  /** Rows of the base. */
  rows: whole,
  partsWritten: whole,
  partsCarried: whole,
  bytesWritten: whole,
  mergedFiles: whole,
  deletedFiles: whole,
  droppedDays: z.array(z.string()).readonly(),
})
export type CompactionResult = z.output<typeof compactionResult>

export const compactionPlan = z.object({
  table: z.string(),
  version: whole,
  /** Whether all of history is read: there is no base yet, or it has another floor. */
  isWhole: z.boolean(),
  freshFiles: whole,
  freshBytes: whole,
  touchedKeys: whole,
  partsToWrite: whole,
  partsToCarry: whole,
  bytesToRead: whole,
  bytesToWrite: z.number(),
  /** Bytes to write for each byte of new history; null when there is none. */
  writeAmplification: z.number().nullable(),
  filesToMerge: whole,
})
export type CompactionPlan = z.output<typeof compactionPlan>

/** A table version, `name vN`, and why it failed. */
const failedTable = z.object({ table: z.string(), code: anyCode, message: z.string() })
export type FailedTable = z.output<typeof failedTable>

const failed = z.array(failedTable).readonly()
/** What a compaction did, or with a dry run would do: one entry for each table version, those that failed apart. */
export const compacted = z.discriminatedUnion('isDryRun', [
  z.object({ isDryRun: z.literal(true), plans: z.array(compactionPlan).readonly(), failed }),
  z.object({ isDryRun: z.literal(false), results: z.array(compactionResult).readonly(), failed }),
])
export type Compacted = z.output<typeof compacted>

export const sourceActivity = z.object({
  /** Other clients that run a statement now. */
  activeBackends: whole,
  /** Age of the oldest open transaction of another client; 0 when there is none. */
  longestTransactionSeconds: z.number(),
  /** Log that the slot's reader has not confirmed; 0 without the slot. */
  slotLagBytes: z.number(),
  /** Log that the slot makes the server keep; 0 without the slot. */
  retainedWalBytes: z.number(),
  isReplica: z.boolean(),
})
export type SourceActivity = z.output<typeof sourceActivity>

export const load: z.ZodType<Load> = loadDocument.omit({ format: true })

const plannedTables = z
  .array(z.object({ table: z.string(), estimatedRows: z.number().nullable() }))
  .readonly()
/** What a request for a load was answered with; `load` is null for a dry run. */
export const startedLoad = z.object({
  activity: sourceActivity,
  plan: plannedTables,
  load: load.nullable(),
})
export type StartedLoad = z.output<typeof startedLoad>

/** Loads of a stack as they are now, without their files, or a plan. */
export const stackLoads = z.object({
  loads: z.array(load).readonly(),
  /** What DMS would be told, in order, is in `calls`. */
  plan: z.object({ tables: plannedTables, calls: z.array(z.string()).readonly() }).nullable(),
})
export type StackLoads = z.output<typeof stackLoads>

const fix: z.ZodType<Fix> = z.object({ kind: z.enum(['sql', 'shell', 'step']), text: z.string() })
/** A source table, `schema.table`, that cannot be captured, why, and what mends it. */
export const leftOutTable = z.object({
  table: z.string(),
  code: failureCode,
  message: z.string(),
  fix: z.array(fix).readonly(),
})

export const addedTable = z.object({
  table: z.string(),
  /** `name vN` of what its rows become. */
  contracts: z.array(z.string()).readonly(),
  /** Whether nobody wrote a contract. */
  isInferred: z.boolean(),
  state: z.enum(['added', 'already', 'planned', 'at-next-start']),
})
export type AddedTable = z.output<typeof addedTable>

export const tablesAdded = z.object({
  isDryRun: z.boolean(),
  tables: z.array(addedTable).readonly(),
  /** Those that were asked for and cannot be captured. */
  leftOut: z.array(leftOutTable).readonly(),
  /** How long the changes of all tables waited, and the log that the slot kept meanwhile; null when they did not. */
  interruption: z.object({ milliseconds: z.number(), heldBytes: z.number() }).nullable(),
  /** The load that brings the rows of before. */
  load: z.string().nullable(),
})
export type TablesAdded = z.output<typeof tablesAdded>

/** What became of keys that were sent again, by the label that proofs have. */
export const healed = z.object({
  tables: z
    .array(
      z.object({
        table: z.string(),
        different: whole,
        differences: z
          .array(
            z.object({
              key: z.string(),
              kind: z.enum(['missing in the lake', 'not in the source', 'different']),
              position: z.string().nullable(),
              sourceRows: whole,
              lakeRows: whole,
            }),
          )
          .readonly(),
        quarantinedKeys: z.array(z.string()).readonly(),
        heldBackKeys: z.array(z.string()).readonly(),
        unplaced: whole,
        healed: z.object({ healed: whole, stillDifferent: whole, notPossible: whole }).nullable(),
      }),
    )
    .readonly(),
  failed,
})
export type Healed = z.output<typeof healed>
