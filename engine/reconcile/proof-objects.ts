import { PipelineError } from '../../core/failures/failures.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { type KeptProofs, keptProofs, noProofs } from './kept-proofs.ts'

/** Where the proofs of a bucket are kept. */
export const proofsKey = 'state/proofs.json'

/** The last proofs of a bucket; none where nothing was proven yet. Throws `objects/corrupt` for a document of another form. */
export async function readProofObject(objects: Pick<ObjectStore, 'get'>): Promise<KeptProofs> {
  try {
    return keptProofs.parse(JSON.parse((await objects.get(proofsKey)).toString('utf8')))
  } catch (cause) {
    if (cause instanceof PipelineError && cause.code === 'objects/missing') return noProofs
    if (cause instanceof PipelineError) throw cause
    throw new PipelineError('objects/corrupt', `${proofsKey} is not a document of this version`, { cause })
  }
}

/** Replaces the proofs of a bucket, whole and durably. One writer at a time: of two, one's proofs are lost. */
export async function writeProofObject(objects: Pick<ObjectStore, 'put'>, proofs: KeptProofs): Promise<void> {
  await objects.put(proofsKey, Buffer.from(`${JSON.stringify(proofs)}\n`))
}
