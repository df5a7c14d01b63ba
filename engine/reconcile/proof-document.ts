import type { Documents } from '../../core/ports/documents.ts'
import { type KeptProofs, keptProofs, noProofs, withProofs } from './kept-proofs.ts'
import type { Proof } from './proof.ts'

const KEY = 'proofs'

/** The last proofs of tables, by the label that proofs have; none where nothing was proven yet. */
export async function readProofs(documents: Pick<Documents, 'get'>): Promise<KeptProofs> {
  return (await documents.get(KEY, keptProofs)) ?? noProofs
}

/** Replaces the proofs, whole and durably. One writer at a time: of two, one's proofs are lost. */
export async function writeProofs(documents: Pick<Documents, 'put'>, proofs: KeptProofs): Promise<void> {
  await documents.put(KEY, proofs)
}

/** Keeps a proof in place of the last one of each of its tables. A proof of chosen keys says nothing of the table and is not kept. */
export async function keepProof(
  documents: Pick<Documents, 'get' | 'put'>,
  proof: Proof,
  at: number,
): Promise<void> {
  const known = await readProofs(documents)
  const after = withProofs(known, proof, at)
  if (after !== known) await writeProofs(documents, after)
}
