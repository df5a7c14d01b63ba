import { type Change, changeOf } from '../core/change.ts'
import { PipelineError } from '../core/failures/failures.ts'
import { type JsonObject, parseJsonObject } from '../core/json.ts'
import type { QuarantineEntry } from '../core/ports/ports.ts'

/** The change that format put into quarantine. Throws `raw/corrupt` when the payload is not what format wrote. */
export function changeOfEntry({ id, table, payload }: QuarantineEntry): Change {
  const change = table === null ? undefined : changeOf(table, membersOf(payload))
  if (change === undefined)
    throw new PipelineError('raw/corrupt', `quarantine: the payload of ${id} is not a change`)
  return change
}

/* What is not JSON has no members; the parser's own message would show a piece of the payload. */
function membersOf(payload: string): JsonObject {
  try {
    return parseJsonObject(payload)
  } catch {
    return {}
  }
}
