import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject, stringifyJson } from './json.ts'
import type { RawChange } from './page.ts'

/* A key lies in an index, whose entries have less than 3 kB but may be compressed. */
const MAX_KEY_BYTES = 4 << 20

/**
 * What stands in a page in the place of a change that waits in quarantine: its position, and its row but for values that are
 * larger than any key. Undefined of a change that brings no value of a row.
 */
export function refusedChange({
  operation,
  position,
  committedAt,
  members,
}: RawChange): RawChange | undefined {
  if (operation !== 'insert' && operation !== 'update' && operation !== 'refused') return undefined
  return { operation: 'refused', position, committedAt, members: ofKeySize(members) }
}

function ofKeySize(members: Buffer): Buffer {
  if (members.length <= MAX_KEY_BYTES) return members
  const { data, 'before-image': before } = parseJsonObject(`{${members.toString('utf8')}}`)
  return imageMembers(isJsonObject(data) ? data : {}, isJsonObject(before) ? before : undefined)
}

/** The members of a page line that images make, but for values that are larger than any key. */
export function imageMembers(data: JsonObject, before: JsonObject | undefined): Buffer {
  const image = (one: JsonObject) =>
    stringifyJson(Object.fromEntries(Object.entries(one).filter(([, value]) => fitsKey(value))))
  const old = before === undefined ? '' : `,"before-image":${image(before)}`
  return Buffer.from(`"data":${image(data)}${old}`)
}

function fitsKey(value: JsonValue): boolean {
  return Buffer.byteLength(typeof value === 'string' ? value : stringifyJson(value)) <= MAX_KEY_BYTES
}
