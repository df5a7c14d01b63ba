import { isUtf8 } from 'node:buffer'
import { FlatReader, type FlatShape } from '../../core/bytes/flat-reader.ts'
import { LastText } from '../../core/bytes/last-text.ts'
import { areDigits } from '../../core/bytes/time-bytes.ts'
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

interface HeadPlace {
  readonly name: HeadName
  readonly index: number
  readonly last: LastText | undefined
}

/** The image of what has no row. */
export const NO_DATA = Buffer.from('"data":{}')
const DATA = Buffer.from('{"data":')
const BEFORE_IMAGE = Buffer.from(',"before-image":')
const METADATA = Buffer.from(',"metadata":')
const CLOSE = 0x7d
/* As many as every number has that is exact. */
const EXACT_DIGITS = 15

/* Names of tables and columns, and nothing of a row. */
const reader = new FlatReader()
const places = new Map<FlatShape, readonly HeadPlace[]>()
/* Of what is the same in record after record. */
const lastTexts = new Map<HeadName, LastText>(
  HEAD.flatMap((name) => (name === 'stream-position' ? [] : [[name, new LastText()] as const])),
)

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
  for (const { name, index, last } of placesIn(reader.shape)) head[name] = valueAt(data, index, last)
  return head
}

function valueAt(data: Buffer, index: number, last: LastText | undefined): JsonValue {
  const [kind, start, end] = [reader.kind(index), reader.start(index), reader.end(index)]
  if (kind === valueKind.plain) return last?.of(data, start, end) ?? data.toString('utf8', start, end)
  const isShort = kind === valueKind.number && end - start <= EXACT_DIGITS && areDigits(data, start, end)
  return isShort ? Number(data.toString('latin1', start, end)) : parseJson(reader.json(index, data))
}

function placesIn(shape: FlatShape): readonly HeadPlace[] {
  const known = places.get(shape)
  if (known !== undefined) return known
  const found: HeadPlace[] = []
  for (let at: FlatShape | undefined = shape; at !== undefined && at.size > 0; at = at.parent) {
    const name = HEAD.find((one) => one === at?.name)
    if (name !== undefined) found.push({ name, index: at.size - 1, last: lastTexts.get(name) })
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
