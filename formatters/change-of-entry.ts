import { type Change, operations } from '../core/change.ts'
import { PipelineError } from '../core/failures.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../core/json.ts'
import type { QuarantineEntry } from '../core/ports.ts'
import { isPosition } from '../core/position.ts'

/** The change that format put into quarantine. Throws `raw/corrupt` when the payload is not what format wrote. */
export function changeOfEntry({ id, table, payload }: QuarantineEntry): Change {
  const members = membersOf(payload)
  const { operation, position, 'committed-at': committedAt, data, 'before-image': before } = members
  const known = operations.find((name) => name === operation)
  const isSound =
    table !== null &&
    known !== undefined &&
    typeof position === 'string' &&
    isPosition(position) &&
    isJsonObject(data) &&
    (committedAt === null || typeof committedAt === 'string')
  if (!isSound) throw new PipelineError('raw/corrupt', `quarantine: the payload of ${id} is not a change`)
  return {
    table,
    operation: known,
    position,
    committedAt,
    data,
    before: isJsonObject(before) ? before : undefined,
  }
}

/* What is not JSON has no members; the parser's own message would show a piece of the payload. */
function membersOf(payload: string): JsonObject {
  try {
    return parseJsonObject(payload)
  } catch {
    return {}
  }
}
