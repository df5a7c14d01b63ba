import { randomBytes } from 'node:crypto'
import type { Source } from '../connection/source-connection.ts'
import { ReplicationConnection } from './replication-connection.ts'

/** A consistent view of the source, open until `close`. */
export interface Snapshot {
  /** Every commit before this position is in the snapshot; every other one is after it, in the stream. */
  readonly lsn: bigint
  readonly snapshotName: string
  /** The source's clock before the position was fixed, epoch milliseconds. */
  readonly begunAt: number
  /** Lets the snapshot and a temporary slot go. Never throws. */
  close(): Promise<void>
}

/**
 * Exports a snapshot together with its exact position. With `slot` it creates that slot, which
 * stays and holds the changes from the snapshot on; without, a temporary one that goes at close.
 * The publication must exist before: a slot cannot decode from before its publication. Waits for
 * transactions that run at the call, `waitMs` for each (default 60 s).
 */
export async function openSnapshot(
  source: Source,
  options: { readonly slot?: string; readonly waitMs?: number } = {},
): Promise<Snapshot> {
  const connection = await ReplicationConnection.open(source, 'tidemark snapshot')
  try {
    const name = options.slot ?? `tidemark_load_${randomBytes(6).toString('hex')}`
    const slot = await connection.createSlot(name, {
      temporary: options.slot === undefined,
      waitMs: options.waitMs ?? 60_000,
    })
    return {
      lsn: slot.consistentPoint,
      snapshotName: slot.snapshotName,
      begunAt: slot.begunAt,
      close: () => connection.close(),
    }
  } catch (cause) {
    await connection.close()
    throw cause
  }
}
