import { isJsonObject, type JsonObject } from './json.ts'
import { isPosition, type Position } from './position.ts'

/**
 * `refused` stands in the place of a change that capture put into quarantine: what is certain of its row, the key at best.
 * Format makes its mark of it.
 */
export const operations = ['load', 'insert', 'update', 'delete', 'truncate', 'refused'] as const
export type Operation = (typeof operations)[number]

/** One row change of one source table, in the source's own values: no contract has looked at it yet. */
export interface Change {
  /** Source table, `schema.table`. */
  readonly table: string
  readonly operation: Operation
  readonly position: Position
  /** ISO 8601 UTC with microseconds; null for rows of a load. */
  readonly committedAt: string | null
  /** The row after the change; of a delete only the key counts; empty for a truncate. A missing field is unknown, not null. */
  readonly data: JsonObject
  /** The old key columns, when an update changed the key. */
  readonly before: JsonObject | undefined
  /** `data` is all that the row has, also of an update: a missing field is no field. So are items of microservices. */
  readonly isWhole?: boolean
}

/** The change whose members a page line or a quarantine payload holds; undefined when they are not those of a change. */
export function changeOf(table: string, members: JsonObject): Change | undefined {
  const { operation, position, data, 'committed-at': committedAt, 'before-image': before, whole } = members
  const known = operations.find((name) => name === operation)
  const isSound =
    known !== undefined &&
    typeof position === 'string' &&
    isPosition(position) &&
    isJsonObject(data) &&
    (committedAt === null || typeof committedAt === 'string')
  if (!isSound) return undefined
  const oldKey = isJsonObject(before) && Object.keys(before).length > 0 ? before : undefined
  const change = { table, operation: known, position, committedAt, data, before: oldKey }
  return whole === true ? { ...change, isWhole: true } : change
}
