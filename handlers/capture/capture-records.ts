import type { Quarantine, RawStore } from '../../core/ports/ports.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import { captureBatch } from '../../ingest/capture/capture-batch.ts'
import { CommitOrder } from '../../ingest/capture/commit-order.ts'
import type { DmsRecord } from '../../ingest/capture/decode-dms.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

/** A record, and the shard it came from. */
export interface ShardRecord extends StreamRecord {
  readonly shard: string
}

export interface CaptureRecordsDeps {
  readonly store: Pick<RawStore, 'put'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly decode: (data: Buffer) => DmsRecord
  readonly stage: LambdaStage
}

/**
 * Captures records of one shard; see `captureBatch`. Metrics: changes and commit-to-durable by table, counts of the rest, and changes
 * whose commit time contradicts their position (`CommitOrder`).
 */
export async function captureRecords(
  records: readonly ShardRecord[],
  { store, quarantine, decode, stage: { log, metrics } }: CaptureRecordsDeps,
): Promise<void> {
  const commits = new Map<string, number[]>()
  const stored = new Map<string, number>()
  const order = new CommitOrder()
  const counting: Pick<RawStore, 'put'> = {
    put: async (pages) => {
      await store.put(pages)
      for (const { table, changes } of pages) stored.set(table, (stored.get(table) ?? 0) + changes)
    },
  }
  const result = await captureBatch(records, {
    shard: records[0]?.shard ?? '',
    decode: (data, partitionKey) => {
      const decoded = decode(data)
      if (decoded.kind === 'change') order.note(decoded.table, partitionKey, decoded.change)
      if (decoded.kind === 'change' && decoded.change.committedAt !== null) {
        const known = commits.get(decoded.table) ?? []
        known.push(Date.parse(decoded.change.committedAt))
        commits.set(decoded.table, known)
      }
      return decoded
    },
    store: counting,
    quarantine,
    log,
  })
  for (const [table, changes] of stored) metrics.count('changes', changes, table)
  for (const [table, instants] of commits) metrics.ages('freshness', instants, table)
  const { changes: _, ...rest } = result
  for (const [name, amount] of Object.entries(rest)) metrics.count(name, amount)
  metrics.count('outOfOrder', order.contradictions)
  log.info('capture.batch', { ...result, outOfOrder: order.contradictions })
}
