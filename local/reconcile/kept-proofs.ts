import * as z from 'zod'
import type { Scope, TableProof } from './proof.ts'

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
})

/** The document of last proofs: `proofs.json` of a run folder, `state/proofs.json` of a bucket. */
export const keptProofs = z.object({
  format: z.literal(1),
  tables: z.record(z.string(), keptProof),
  /** When a proof of each table was last begun, ISO 8601 UTC, whatever became of it. */
  tried: z.record(z.string(), z.string()).default({}),
})

/** What is kept of the last proof of a table. */
export type KeptProof = z.infer<typeof keptProof>
export type KeptProofs = z.infer<typeof keptProofs>

const WHOLE = 100

export const noProofs: KeptProofs = { format: 1, tables: {}, tried: {} }

/**
 * The document with proofs in place of the last ones of their tables. A proof of chosen keys says nothing of its table
 * and is not kept; a sample that is equal takes back neither a difference, which may lie in other keys, nor a proof of
 * more keys. The same document when nothing is kept.
 */
export function withProofs(
  known: KeptProofs,
  { lsn, tables }: { readonly lsn: bigint; readonly tables: readonly TableProof[] },
  at: number,
): KeptProofs {
  const time = new Date(at).toISOString()
  const news = tables.flatMap((proof) => {
    const kept = keptOf(proof, { lsn: String(lsn), at: time }, known.tables[proof.table])
    return kept === undefined ? [] : [[proof.table, kept] as const]
  })
  if (news.length === 0) return known
  return { ...known, tables: { ...known.tables, ...Object.fromEntries(news) } }
}

function keptOf(
  proof: TableProof,
  { lsn, at }: { readonly lsn: string; readonly at: string },
  last: KeptProof | undefined,
): KeptProof | undefined {
  const sample = sampleOf(proof.scope)
  if (sample === undefined || (proof.equal && shareOf(sample) < shareToBeat(last))) return undefined
  const { equal, sourceRows, lakeRows, way, different, quarantinedKeys } = proof
  const before = last?.equalAt ?? (last?.equal === true ? last.at : null)
  return {
    ...{ equal, lsn, at, equalAt: equal ? at : before },
    ...{ sourceRows, lakeRows, way, sample, different, inQuarantine: quarantinedKeys.length },
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
