import { isUtf8 } from 'node:buffer'
import { parseTimestamp } from '../../core/contract/value/temporal.ts'
import {
  field,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../../core/json.ts'
import { type Position, positionFromDms } from '../../core/position.ts'
import { sourceTableName } from '../../core/source-table-name.ts'

/** What is certain of a DMS record that must not be read as a change. */
export interface CertainParts {
  /** Source table; null when the record does not say. */
  readonly table: string | null
  readonly position: Position | null
  readonly committedAt: string | null
  readonly operation: string | null
  /** Whether it may have brought a value of a row: it is none of delete, load and control. */
  readonly bringsValues: boolean
  /** Its row, without the fields that are cut, broken or stand twice. */
  readonly data: JsonObject
  readonly before: JsonObject | undefined
}

const NOTHING: CertainParts = {
  table: null,
  position: null,
  committedAt: null,
  operation: null,
  bringsValues: false,
  data: {},
  before: undefined,
}
const METADATA = '"metadata":{'
/* What decoding puts in the place of bytes that are no text. */
const BROKEN = '\u{fffd}'

/** Reads of a record whatever has one meaning only, however damaged the rest is. Never throws. */
export function certainParts(data: Buffer, epoch: number): CertainParts {
  const text = data.toString('utf8')
  const record = parsed(text, isUtf8(data)) ?? tailOf(text)
  const metadata = record === undefined ? undefined : field(record, 'metadata')
  if (record === undefined || !isJsonObject(metadata)) return NOTHING
  const schema = field(metadata, 'schema-name')
  const name = field(metadata, 'table-name')
  if (typeof schema !== 'string' || typeof name !== 'string') return NOTHING
  const operation = field(metadata, 'operation')
  const isData = field(metadata, 'record-type') !== 'control'
  return {
    table: sourceTableName({ schema, name }),
    position: positionOf(metadata, epoch),
    committedAt: instantOf(metadata),
    operation: typeof operation === 'string' ? operation : null,
    bringsValues: isData && operation !== 'delete' && operation !== 'load',
    data: imageOf(record, 'data') ?? {},
    before: imageOf(record, 'before-image'),
  }
}

/* Without the members that have two meanings. */
function parsed(text: string, isWhole: boolean): JsonObject | undefined {
  const twice = new Map<JsonObject, Set<string>>()
  try {
    const record = parseJson(text, (object, name) => {
      twice.set(object, (twice.get(object) ?? new Set()).add(name))
    })
    return isJsonObject(record) ? certain(record, twice, isWhole) : undefined
  } catch {
    return undefined
  }
}

function certain(
  object: JsonObject,
  twice: ReadonlyMap<JsonObject, ReadonlySet<string>>,
  isWhole: boolean,
): JsonObject {
  const members: [string, JsonValue][] = []
  for (const [name, value] of Object.entries(object)) {
    if (twice.get(object)?.has(name) === true) continue
    if (isJsonObject(value)) members.push([name, certain(value, twice, isWhole)])
    else if (isWhole || !`${name}${stringifyJson(value)}`.includes(BROKEN)) members.push([name, value])
  }
  return Object.fromEntries(members)
}

/* Of a record whose row is no JSON the metadata, which DMS writes last. */
function tailOf(text: string): JsonObject | undefined {
  const at = text.lastIndexOf(METADATA)
  const end = text.trimEnd()
  if (at < 0 || !end.endsWith('}}')) return undefined
  const metadata = parsed(end.slice(at + METADATA.length - 1, -1), !text.includes(BROKEN))
  return metadata === undefined ? undefined : { metadata }
}

function imageOf(record: JsonObject, name: string): JsonObject | undefined {
  const image = field(record, name)
  return isJsonObject(image) ? image : undefined
}

function positionOf(metadata: JsonObject, epoch: number): Position | null {
  const stream = field(metadata, 'stream-position')
  const ordinal = field(metadata, 'transaction-record-id')
  if (typeof stream !== 'string' || typeof ordinal !== 'number') return null
  return positionFromDms(epoch, stream, ordinal) ?? null
}

function instantOf(metadata: JsonObject): string | null {
  const instant = field(metadata, 'commit-timestamp')
  return typeof instant === 'string' && parseTimestamp(instant) !== undefined ? instant : null
}
