import type { TableLoad } from '../../core/load/load.ts'
import type { Catalog, Clock } from '../../core/ports/ports.ts'
import { completed } from './table-steps.ts'

export interface CompleteTableDeps {
  readonly catalog: Pick<Catalog, 'addFloor'>
  /** Whether nobody knows the place of the load among open transactions (`Floor.since`). */
  readonly isPlaceUnsure: boolean
  /** What else follows from a table whose floor is set. */
  readonly settle: (table: TableLoad) => Promise<void>
  readonly now: Clock
}

/**
 * Makes the position of an audited table its floor: it is complete then, and to be saved as that. Cut off before, it is done
 * again, which changes nothing.
 */
export async function completeTable(
  table: TableLoad,
  { catalog, isPlaceUnsure, settle, now }: CompleteTableDeps,
): Promise<TableLoad> {
  const { table: name, position, startedAt } = table
  if (position === null) throw new RangeError('a load without a position')
  const complete = completed(table, now())
  const since = isPlaceUnsure && startedAt !== null ? { since: startedAt } : {}
  await catalog.addFloor(name, { position, reason: 'load', ...since })
  await settle(table)
  return complete
}
