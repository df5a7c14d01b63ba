import * as z from 'zod'
import type { Difference } from './compare/compare-table.ts'
import type { TableProof } from './proof.ts'

const kinds = z.object({ missing: z.number(), foreign: z.number(), changed: z.number() })
const tableAnswer = z.object({
  table: z.string(),
  equal: z.boolean(),
  /** Everything before this position was compared, nothing after. */
  asOf: z.string(),
  scope: z.enum(['all', 'sample', 'since', 'keys']),
  /** Per cent of the keys that were compared; null for all of them. */
  sample: z.number().nullable(),
  way: z.enum(['in the engines', 'streamed']),
  sourceRows: z.number(),
  lakeRows: z.number(),
  different: z.number(),
  /** Differences that are left, by kind; at most 10,000 are told apart. */
  kinds,
  /** Lake columns that differ in the first keys that differ. */
  columns: z.array(z.string()),
  inQuarantine: z.number(),
  /** Keys of the source that readers are not shown, for nothing in the lake has all of their row. */
  heldBack: z.number().default(0),
  /** Changes in quarantine that do not say which row they are of. */
  unplaced: z.number().default(0),
  /** Keys that a load has put below changes that were committed after it began; they were read again. */
  outranked: z.number().default(0),
  /** Snapshots of the source in which what differed was compared. */
  snapshots: z.number().default(1),
  notCompared: z.array(z.string()),
  healed: z.object({ healed: z.number(), stillDifferent: z.number(), notPossible: z.number() }).nullable(),
  /** Seconds that the lake had since the position was fixed. */
  waited: z.number(),
})

/**
 * What the function `reconcile` answers: a proof without keys and values, for answers of functions are logged and kept
 * in places that nobody guards as the lake.
 */
export const proofAnswer = z.object({
  /** Every table that was asked for is proven equal. */
  equal: z.boolean(),
  /** Everything committed before it was compared: decimal text. What came later only where `asOf` of a table says so. */
  lsn: z.string(),
  asOf: z.string(),
  tables: z.array(tableAnswer),
  failed: z.array(z.object({ table: z.string(), code: z.string(), message: z.string() })),
  /** Tables for which the time did not suffice; they come first the next time. */
  notBegun: z.array(z.string()),
})

export type TableAnswer = z.infer<typeof tableAnswer>
export type ProofAnswer = z.infer<typeof proofAnswer>

/** A proof without its keys and values. */
export function tableAnswerOf(proof: TableProof): TableAnswer {
  const { table, equal, asOf, scope, way, sourceRows, lakeRows, different, notCompared, healed } = proof
  const columns = new Set(proof.rows.flatMap((row) => row.columns.map(({ column }) => column)))
  return {
    table,
    equal,
    asOf,
    way,
    sourceRows,
    lakeRows,
    different,
    healed,
    scope: scope.kind,
    sample: scope.kind === 'sample' ? scope.percent : null,
    kinds: kindsOf(proof.differences),
    columns: [...columns],
    inQuarantine: proof.quarantinedKeys.length,
    heldBack: proof.heldBackKeys.length,
    unplaced: proof.unplaced,
    outranked: proof.outrankedKeys.length,
    snapshots: proof.snapshots,
    notCompared: [...notCompared],
    waited: Math.round(proof.waitedMs / 1_000),
  }
}

function kindsOf(differences: readonly Difference[]): z.infer<typeof kinds> {
  const count = (kind: Difference['kind']) => differences.filter((one) => one.kind === kind).length
  return {
    missing: count('missing in the lake'),
    foreign: count('not in the source'),
    changed: count('different'),
  }
}
