import type { Logger, Quarantine, RawStore } from '../../core/ports/ports.ts'
import type { HealingWay } from '../../engine/reconcile/compare/heal.ts'
import { captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'

/** Healed rows go the way of all changes: into raw pages, and from there what reads them does the rest. */
export function recapture(deps: {
  readonly store: Pick<RawStore, 'put'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly log: Logger
}): HealingWay['capture'] {
  return (records, context) =>
    captureBatch(records, { ...deps, shard: 'heal', decode: (data) => decodeDms(data, context) })
}
