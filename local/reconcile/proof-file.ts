import { join } from 'node:path'
import * as z from 'zod'
import { readJsonFile, writeJsonFile } from '../pipeline/json-file.ts'
import type { Proof, Scope, TableProof } from './proof.ts'

const keptProof = z.object({
  equal: z.boolean(),
  /** Everything before it was compared: decimal text. */
  lsn: z.string().regex(/^\d+$/),
  /** When the proof was made, ISO 8601 UTC. */
  at: z.string(),
  sourceRows: z.number().int(),
  lakeRows: z.number().int(),
  way: z.enum(['in the engines', 'streamed']),
  /** Per cent of the keys that were compared; null for all of them. */
  sample: z.number().nullable(),
  different: z.number().int(),
  inQuarantine: z.number().int(),
})
const proofs = z.object({ format: z.literal(1), tables: z.record(z.string(), keptProof) })

/** What is kept of the last proof of a table. */
export type KeptProof = z.infer<typeof keptProof>

/** Where the proofs of a run folder are kept. */
export function proofsFile(root: string): string {
  return join(root, 'proofs.json')
}

/** The last proof of each table, by the label that proofs have. Throws `run/bad-folder`. */
export async function readProofs(path: string): Promise<Readonly<Record<string, KeptProof>>> {
  return (await readJsonFile(path, proofs))?.tables ?? {}
}

/**
 * Keeps a proof, whole and durably, in place of the last one of each of its tables. A proof of chosen keys says nothing
 * of the table and is not kept. One writer at a time: two at once may lose one of their proofs, never the file.
 */
export async function keepProof(path: string, proof: Proof, at: number): Promise<void> {
  const known = await readProofs(path)
  const time = new Date(at).toISOString()
  const news = proof.tables.flatMap((table) => {
    const kept = keptOf(table, proof.lsn, time)
    return kept === undefined ? [] : [[table.table, kept] as const]
  })
  if (news.length === 0) return
  await writeJsonFile(path, { format: 1, tables: { ...known, ...Object.fromEntries(news) } })
}

function keptOf(proof: TableProof, lsn: bigint, at: string): KeptProof | undefined {
  const sample = sampleOf(proof.scope)
  if (sample === undefined) return undefined
  const { equal, sourceRows, lakeRows, way, different, quarantinedKeys } = proof
  return {
    ...{ equal, lsn: String(lsn), at, sourceRows, lakeRows, way, sample, different },
    inQuarantine: quarantinedKeys.length,
  }
}

function sampleOf(scope: Scope): number | null | undefined {
  if (scope.kind === 'all') return null
  return scope.kind === 'sample' ? scope.percent : undefined
}
