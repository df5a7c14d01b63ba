import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'

/** Drops the slot that this folder made, if it is still there. Throws `source/slot-in-use` when someone reads it. */
export async function dropOwnSlot(client: ClientBase, slot: string): Promise<void> {
  try {
    await client.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
      [slot],
    )
  } catch (cause) {
    throw new PipelineError('source/slot-in-use', `slot ${slot} cannot be dropped`, { cause })
  }
}
