import { PipelineError } from '../../core/failures/failures.ts'
import type { Ledger, Quarantine } from '../../core/ports/ports.ts'
import { blocksIn, type LandDeps, type Landed, landObject } from './land-object.ts'
import { setAside } from './set-aside.ts'

export interface LandOrRejectDeps extends LandDeps {
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly ledger: Pick<Ledger, 'delivered' | 'landed' | 'setAside'>
  /** Whether delivery told the ledger which blocks lie in an object, as Firehose cannot. */
  readonly areBlocksKnown: boolean
  /** Told what became of the object, with the ledger knowing it already. */
  readonly observe: {
    landed(landed: Landed): void
    rejected(error: PipelineError): void
  }
}

/**
 * Lands one delivered object (`landObject`), or sets it aside when it cannot be read. The ledger knows which when it
 * resolves, and the object may go. The same object again changes nothing.
 */
export async function landOrReject(key: string, deps: LandOrRejectDeps): Promise<void> {
  const { objects, quarantine, ledger, areBlocksKnown, observe } = deps
  try {
    const landed = await landObject(key, deps)
    await ledger.landed(landed.record)
    observe.landed(landed)
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'landing/corrupt') throw error
    const move = async (from: string, to: string) => objects.put(to, await objects.get(from))
    await setAside(key, { error, table: null }, { quarantine, move })
    if (!areBlocksKnown) await ledger.delivered(key, await blocksIn(key, objects))
    await ledger.setAside(key)
    observe.rejected(error)
  }
}
