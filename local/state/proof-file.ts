import { join } from 'node:path'
import { type KeptProofs, keptProofs, noProofs, withProofs } from '../../engine/reconcile/kept-proofs.ts'
import type { Proof } from '../../engine/reconcile/proof.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

/** Where the proofs of a run folder are kept. */
export function proofsFile(root: string): string {
  return join(root, 'proofs.json')
}

/** The last proofs of tables, by the label that proofs have. Throws `run/bad-folder`. */
export async function readProofs(path: string): Promise<KeptProofs> {
  return (await readJsonFile(path, keptProofs)) ?? noProofs
}

/**
 * Keeps a proof, whole and durably, in place of the last one of each of its tables. A proof of chosen keys says nothing
 * of the table and is not kept. One writer at a time: two at once may lose one of their proofs, never the file.
 */
export async function keepProof(path: string, proof: Proof, at: number): Promise<void> {
  const known = await readProofs(path)
  const after = withProofs(known, proof, at)
  if (after !== known) await writeJsonFile(path, after)
}
