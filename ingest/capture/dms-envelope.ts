import { isUtf8 } from 'node:buffer'
import { FlatReader, type FlatShape } from '../../core/bytes/flat-reader.ts'
import { LastText } from '../../core/bytes/last-text.ts'
import { isAt, valueKind } from '../../core/bytes/value-reader.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import {
  countMembers,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  memberCount,
  parseJson,
  parseJsonObject,
  stringifyJson,
} from '../../core/json.ts'

const HEAD = [
  'operation',
  'schema-name',
  'table-name',
  'record-type',
  'commit-timestamp',
  'stream-position',
  'transaction-record-id',
  'row-bytes',
] as const
type HeadName = (typeof HEAD)[number]
/** What is read of the metadata. */
export type DmsHead = Readonly<Partial<Record<HeadName, JsonValue>>>

export interface DmsEnvelope {
  readonly head: DmsHead
  readonly members: Buffer
}

/** The image of what has no row. */
export const NO_DATA = Buffer.from('"data":{}')
const DATA = Buffer.from('{"data":')
const BEFORE_IMAGE = Buffer.from(',"before-image":')
const METADATA = Buffer.from(',"metadata":')
const CLOSE = 0x7d

/* Names of tables and columns, and nothing of a row. */
const reader = new FlatReader()
const places = new Map<FlatShape, readonly (readonly [HeadName, number])[]>()
const lastTexts = new Map<HeadName, LastText>(HEAD.map((name) => [name, new LastText()]))

/**
 * Splits a record into what its metadata says and the bytes of its images, `"data":{…}` and perhaps `,"before-image":{…}`. Throws
 * `capture/undecodable`.
 */
export function splitEnvelope(data: Buffer): DmsEnvelope {
  /* Decoding would put U+FFFD for broken bytes, as a cut value has them, and nobody would know. */
  if (!isUtf8(data)) throw undecodable('not UTF-8')
  return flatEnvelope(data) ?? parseWhole(data.toString('utf8'))
}

/*
 * DMS rows are flat and on one line, and `metadata` comes last: the images go on as the bytes they are. Undefined for any
 * other layout, and for a member that stands twice.
 */
function flatEnvelope(data: Buffer): DmsEnvelope | undefined {
  if (!isAt(DATA, data, 0)) return undefined
  let end = reader.read(data, DATA.length)
  if (end < 0) return undefined
  if (isAt(BEFORE_IMAGE, data, end)) end = reader.read(data, end + BEFORE_IMAGE.length)
  if (end < 0 || !isAt(METADATA, data, end)) return undefined
  const after = reader.read(data, end + METADATA.length)
  if (after < 0 || data[after] !== CLOSE || !isBlank(data, after + 1)) return undefined
  return { head: flatHead(data), members: data.subarray(1, end) }
}

function flatHead(data: Buffer): DmsHead {
  const head: Partial<Record<HeadName, JsonValue>> = {}
  for (const [name, index] of placesIn(reader.shape)) {
    const last = reader.kind(index) === valueKind.plain ? lastTexts.get(name) : undefined
    head[name] = last?.of(data, reader.start(index), reader.end(index)) ?? parseJson(reader.json(index, data))
  }
  return head
}

function placesIn(shape: FlatShape): readonly (readonly [HeadName, number])[] {
  const known = places.get(shape)
  if (known !== undefined) return known
  const found: [HeadName, number][] = []
  for (let at: FlatShape | undefined = shape; at !== undefined && at.size > 0; at = at.parent) {
    const name = HEAD.find((one) => one === at?.name)
    if (name !== undefined) found.push([name, at.size - 1])
  }
  places.set(shape, found)
  return found
}

function isBlank(data: Buffer, start: number): boolean {
  for (let at = start; at < data.length; at += 1) if (!SPACE.has(data[at] ?? 0)) return false
  return true
}

const SPACE: ReadonlySet<number> = new Set([9, 10, 13, 32])

function parseWhole(text: string): DmsEnvelope {
  const record = tryParse(text)
  if (record === undefined) throw undecodable('not a JSON object')
  if (countMembers(text) !== memberCount(record)) throw repeated()
  const { metadata, data, 'before-image': before } = record
  if (!isJsonObject(metadata)) throw undecodable('no metadata')
  const head: DmsHead = metadata
  if (head['record-type'] === 'control') return { head, members: NO_DATA }
  if (!isJsonObject(data)) throw undecodable('no data')
  const image = isJsonObject(before) ? `,"before-image":${stringifyJson(before)}` : ''
  return { head, members: Buffer.from(`"data":${stringifyJson(data)}${image}`) }
}

function tryParse(text: string): JsonObject | undefined {
  try {
    return parseJsonObject(text)
  } catch {
    return undefined
  }
}

/* Which of the two is meant nobody knows, and readers of JSON differ. */
function repeated(): PipelineError {
  return undecodable('a member stands twice in one object')
}

function undecodable(what: string): PipelineError {
  return new PipelineError('capture/undecodable', what)
}
