import type { JsonObject } from './json.ts'
import type { Position } from './position.ts'

export const operations = ['load', 'insert', 'update', 'delete', 'truncate'] as const
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
}
