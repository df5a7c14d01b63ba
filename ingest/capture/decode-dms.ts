import { isUtf8 } from 'node:buffer'
import { parseTimestamp } from '../../core/contract/value/temporal.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import {
  countMembers,
  isJsonObject,
  type JsonObject,
  memberCount,
  parseJsonObject,
  stringifyJson,
} from '../../core/json.ts'
import type { RawChange } from '../../core/page.ts'
import { type Position, positionFromDms } from '../../core/position.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { certainParts } from './certain-parts.ts'
import { UnreadRecord } from './unread-record.ts'

/** What one record of a DMS stream says, its row not looked into. */
export type DmsRecord =
  | {
      readonly kind: 'change'
      readonly table: string
      readonly change: RawChange
      /** Of the values of the row, where our replicator sent the key alone because they were too large. */
      readonly rowBytes?: number
    }
  /** Data definition at the source, or the start of a load: information only, unordered against the rows. */
  | { readonly kind: 'control'; readonly table: string; readonly operation: string }
  /** DMS's own `awsdms_*` tables: never for the lake. */
  | { readonly kind: 'bookkeeping'; readonly table: string }

export interface DmsDecoderOptions {
  readonly epoch: number
  /** Position of the rows of the load that runs for a table; undefined when none is known. */
  readonly loadPositionOf: (table: string) => Position | undefined
}

/**
 * Decodes the envelope of a record of a DMS Kinesis target (`json` or `json-unformatted`), metadata only:
 * the row's text goes on untouched. Throws an `UnreadRecord`: `capture/undecodable`, `capture/no-position` or
 * `capture/no-load`.
 */
export function decodeDms(data: Buffer, options: DmsDecoderOptions): DmsRecord {
  try {
    return decode(data, options)
  } catch (error) {
    if (!(error instanceof PipelineError) || error.action !== 'quarantine') throw error
    throw new UnreadRecord(error, certainParts(data, options.epoch))
  }
}

function decode(data: Buffer, options: DmsDecoderOptions): DmsRecord {
  const { metadata, members } = splitEnvelope(data)
  const operation = textOf(metadata, 'operation')
  const schema = textOf(metadata, 'schema-name')
  const name = textOf(metadata, 'table-name')
  const table = sourceTableName({ schema, name })
  if (name.startsWith('awsdms_')) return { kind: 'bookkeeping', table }
  const kind = textOf(metadata, 'record-type')
  if (kind === 'control' && operation !== 'truncate-table') return { kind: 'control', table, operation }
  /* PostgreSQL's TRUNCATE does not reach a DMS stream; the replicator sends it as a control record with a position. */
  if (kind === 'control')
    return change(table, 'truncate', positionOf(metadata, options), metadata, '"data":{}')
  if (kind !== 'data') throw undecodable('record-type is neither data nor control')
  if (operation === 'load') {
    const position = options.loadPositionOf(table)
    if (position === undefined)
      throw new PipelineError('capture/no-load', `${table}: a load row, but no load is running`)
    return { kind: 'change', table, change: { operation, position, committedAt: null, members } }
  }
  if (operation !== 'insert' && operation !== 'update' && operation !== 'delete')
    throw undecodable('operation of a data record is none of load, insert, update, delete')
  return change(table, operation, positionOf(metadata, options), metadata, members)
}

function change(
  table: string,
  operation: RawChange['operation'],
  position: Position,
  metadata: JsonObject,
  members: string,
): DmsRecord {
  const committedAt = metadata['commit-timestamp']
  if (typeof committedAt !== 'string' || parseTimestamp(committedAt) === undefined)
    throw undecodable('commit-timestamp is missing or no instant')
  const rowBytes = metadata['row-bytes']
  return {
    ...{ kind: 'change', table, change: { operation, position, committedAt, members } },
    ...(typeof rowBytes === 'number' ? { rowBytes } : {}),
  }
}

interface Envelope {
  readonly metadata: JsonObject
  readonly members: string
}

const METADATA = '"metadata":{'

/*
 * DMS writes `metadata` last, so the row is copied as text and only the tail is parsed. Inside strings the
 * quotes of this marker would be escaped, so its last occurrence is the member. Any other layout is parsed whole.
 */
function splitEnvelope(data: Buffer): Envelope {
  /* Decoding would put U+FFFD for broken bytes, as a cut value has them, and nobody would know. */
  if (!isUtf8(data)) throw undecodable('not UTF-8')
  const text = data.toString('utf8')
  const at = text.lastIndexOf(METADATA)
  const end = text.trimEnd()
  if (text.startsWith('{"data":{') && at > 0 && text[at - 1] === ',' && end.endsWith('}}')) {
    const metadata = tryParse(end.slice(at + METADATA.length - 1, -1))
    const members = text.slice(1, at - 1)
    const flat = metadata === undefined ? undefined : flatMembers(members)
    if (metadata !== undefined && flat !== undefined) {
      /* And `metadata` itself. */
      if (countMembers(text) !== flat + memberCount(metadata) + 1) throw repeated()
      return { metadata, members }
    }
  }
  return parseWhole(text)
}

function tryParse(text: string): JsonObject | undefined {
  try {
    return parseJsonObject(text)
  } catch {
    return undefined
  }
}

/*
 * How many members the images have, with themselves; undefined for what is not flat. The platform's parser checks the
 * syntax of what is copied at a fraction of the cost of the lossless one.
 * DMS rows are flat and on one line; anything nested, broken over lines or beside the images is left to the careful way.
 */
function flatMembers(members: string): number | undefined {
  if (members.includes('\n')) return undefined
  let parsed: Record<string, unknown>
  try {
    parsed = JSON.parse(`{${members}}`)
  } catch {
    return undefined
  }
  let count = 0
  for (const [name, image] of Object.entries(parsed)) {
    if ((name !== 'data' && name !== 'before-image') || typeof image !== 'object' || image === null)
      return undefined
    const values = Object.values(image)
    if (values.some((value) => value !== null && typeof value === 'object')) return undefined
    count += values.length + 1
  }
  return count
}

function parseWhole(text: string): Envelope {
  const record = tryParse(text)
  if (record === undefined) throw undecodable('not a JSON object')
  if (countMembers(text) !== memberCount(record)) throw repeated()
  const { metadata, data, 'before-image': before } = record
  if (!isJsonObject(metadata)) throw undecodable('no metadata')
  if (metadata['record-type'] === 'control') return { metadata, members: '"data":{}' }
  if (!isJsonObject(data)) throw undecodable('no data')
  const image = isJsonObject(before) ? `,"before-image":${stringifyJson(before)}` : ''
  return { metadata, members: `"data":${stringifyJson(data)}${image}` }
}

function positionOf(metadata: JsonObject, { epoch }: DmsDecoderOptions): Position {
  const stream = metadata['stream-position']
  const ordinal = metadata['transaction-record-id']
  if (typeof stream !== 'string' || typeof ordinal !== 'number')
    throw new PipelineError('capture/no-position', 'stream-position or transaction-record-id is missing')
  const position = positionFromDms(epoch, stream, ordinal)
  if (position === undefined)
    throw new PipelineError('capture/no-position', 'stream-position is in an unknown form')
  return position
}

function textOf(metadata: JsonObject, name: string): string {
  const value = metadata[name]
  if (typeof value !== 'string') throw undecodable(`metadata has no ${name}`)
  return value
}

/* Which of the two is meant nobody knows, and readers of JSON differ. */
function repeated(): PipelineError {
  return undecodable('a member stands twice in one object')
}

function undecodable(what: string): PipelineError {
  return new PipelineError('capture/undecodable', what)
}
