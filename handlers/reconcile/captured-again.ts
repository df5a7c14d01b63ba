import type { Logger, Quarantine, RawStore } from '../../core/ports.ts'
import { captureBatch } from '../../ingest/capture-batch.ts'
import { decodeDms } from '../../ingest/decode-dms.ts'
import type { HealingWay } from '../../local/reconcile/heal.ts'

/** Healed rows go the way of all changes: into raw pages, and from there what reads them does the rest. */
export function capturedAgain(deps: {
  readonly store: RawStore
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly log: Logger
}): HealingWay['capture'] {
  return (records, context) =>
    captureBatch(records, { ...deps, shard: 'heal', decode: (data) => decodeDms(data, context) })
}
