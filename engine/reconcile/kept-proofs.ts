import * as z from 'zod'
import { parsePosition } from '../../core/position.ts'
import type { Proof, Scope, TableProof } from './proof.ts'

const keptProof = z.object({
  equal: z.boolean(),
  /** Everything before it was compared: decimal text. */
  lsn: z.string().regex(/^\d+$/),
  /** When the proof was made, ISO 8601 UTC. */
  at: z.string(),
  /** When a proof last found the table equal; null for never, or not known. */
  equalAt: z.string().nullable().default(null),
  sourceRows: z.number().int(),
  lakeRows: z.number().int(),
  way: z.enum(['in the engines', 'streamed']),
  /** Per cent of the keys that were compared; null for all of them. */
  sample: z.number().nullable(),
  different: z.number().int(),
  inQuarantine: z.number().int(),
  /** Keys that readers were not shown, for nothing in the lake had all of their row. */
  heldBack: z.number().int().default(0),
  /** Changes in quarantine that did not say which row they are of, where keys differed. */
  unplaced: z.number().int().default(0),
})

const keptFailure = z.object({
  /** ISO 8601 UTC. */
  at: z.string(),
  code: z.string(),
  message: z.string(),
})

/** The document of last proofs: `proofs.json` of a run folder, `state/proofs.json` of a bucket. */
export const keptProofs = z.object({
  format: z.literal(1),
  tables: z.record(z.string(), keptProof),
  /** When a proof of each table was last begun, ISO 8601 UTC, whatever became of it. */
  tried: z.record(z.string(), z.string()).default({}),
  /** Tables whose last proof could not be made, and why; what `tables` has of them is of before. */
  failed: z.record(z.string(), keptFailure).default({}),
})

/** What is kept of the last proof of a table. */
export type KeptProof = z.infer<typeof keptProof>
export type KeptFailure = z.infer<typeof keptFailure>
export type KeptProofs = z.infer<typeof keptProofs>

const WHOLE = 100

export const noProofs: KeptProofs = { format: 1, tables: {}, tried: {}, failed: {} }

/**
 * The document with proofs in place of the last ones of their tables. A proof of chosen keys says nothing of its table
 * and is not kept; a sample that is equal takes back neither a difference, which may lie in other keys, nor a proof of
 * more keys. A failure stands until the table is compared again. The same document when nothing is kept.
 */
export function withProofs(
  known: KeptProofs,
  { tables, failed }: Pick<Proof, 'tables' | 'failed'>,
  at: number,
): KeptProofs {
  const time = new Date(at).toISOString()
  const news = tables.flatMap((proof) => {
    const kept = keptOf(proof, time, known.tables[proof.table])
    return kept === undefined ? [] : [[proof.table, kept] as const]
  })
  /* What was asked for in a wrong way says nothing of the table. */
  const failures = failed.filter(({ code }) => code !== 'usage/invalid')
  const mended = tables.some(({ table }) => known.failed[table] !== undefined)
  if (news.length === 0 && failures.length === 0 && !mended) return known
  const standing = Object.entries(known.failed).filter(
    ([name]) => !tables.some(({ table }) => table === name),
  )
  return {
    ...known,
    tables: { ...known.tables, ...Object.fromEntries(news) },
    failed: {
      ...Object.fromEntries(standing),
      ...Object.fromEntries(failures.map(({ table, code, message }) => [table, { at: time, code, message }])),
    },
  }
}

function keptOf(proof: TableProof, at: string, last: KeptProof | undefined): KeptProof | undefined {
  const sample = sampleOf(proof.scope)
  if (sample === undefined || (proof.equal && shareOf(sample) < shareToBeat(last))) return undefined
  const { equal, sourceRows, lakeRows, way, different, quarantinedKeys, heldBackKeys } = proof
  const before = last?.equalAt ?? (last?.equal === true ? last.at : null)
  return {
    equal,
    lsn: String(parsePosition(proof.asOf).lsn),
    at,
    equalAt: equal ? at : before,
    sourceRows,
    lakeRows,
    way,
    sample,
    different,
    inQuarantine: quarantinedKeys.length,
    heldBack: heldBackKeys.length,
    unplaced: proof.unplaced,
  }
}

/* Per cent of the keys that an equal proof has to compare to stand in place of the last one. */
function shareToBeat(last: KeptProof | undefined): number {
  if (last === undefined) return 0
  return last.equal ? shareOf(last.sample) : WHOLE
}

function shareOf(sample: number | null): number {
  return sample ?? WHOLE
}

function sampleOf(scope: Scope): number | null | undefined {
  if (scope.kind === 'all') return null
  return scope.kind === 'sample' ? scope.percent : undefined
}
