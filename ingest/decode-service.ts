import * as z from 'zod'
import { PipelineError } from '../core/failures.ts'
import { JsonNumber, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../core/json.ts'
import type { RawChange } from '../core/page.ts'
import { formatPosition, type Position } from '../core/position.ts'

/** A value as DynamoDB writes it: one member, named after its type. */
type Attribute = Readonly<Record<string, unknown>>

const image = z.record(z.string(), z.record(z.string(), z.unknown()))
const record = z.object({
  eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
  eventSourceARN: z.string(),
  dynamodb: z.object({
    SequenceNumber: z.string(),
    ApproximateCreationDateTime: z.number(),
    Keys: image,
    NewImage: image.optional(),
    OldImage: image.optional(),
  }),
})

export interface ServiceDecoderOptions {
  readonly epoch: number
  /** Source table, `service.table`, of a DynamoDB table. */
  readonly tableOf: (dynamoTable: string) => string | undefined
}

export interface ServiceChange {
  readonly kind: 'change'
  readonly table: string
  readonly change: RawChange
}

/**
 * The change that a record of a DynamoDB stream (JSON) tells of, with the whole item before and after. An attribute that
 * a change took away is null in it: of an update, what is not named is unknown. Expiry by TTL is a delete like any other.
 * Numbers keep every digit; binary values are hex, sets, lists and maps JSON text, as DMS writes such columns.
 * Throws `capture/undecodable`, `capture/no-position`, and `settings/invalid` for a table that nobody named.
 */
export function decodeService(data: Buffer, { epoch, tableOf }: ServiceDecoderOptions): ServiceChange {
  const { eventName, eventSourceARN, dynamodb } = parsed(data)
  const name = tableName(eventSourceARN)
  const table = tableOf(name)
  if (table === undefined)
    throw new PipelineError('settings/invalid', `no source table for DynamoDB table ${name}`)
  const { Keys, NewImage, OldImage, SequenceNumber, ApproximateCreationDateTime } = dynamodb
  const isSeen =
    (eventName === 'REMOVE' || NewImage !== undefined) && (eventName === 'INSERT' || OldImage !== undefined)
  if (!isSeen) throw undecodable('the stream does not show new and old images (NEW_AND_OLD_IMAGES)')
  const operation = ({ INSERT: 'insert', MODIFY: 'update', REMOVE: 'delete' } as const)[eventName]
  const row = eventName === 'REMOVE' ? rowOf(Keys) : rowOf(NewImage ?? {})
  const gone = Object.keys(OldImage ?? {}).filter((attribute) => !Object.hasOwn(row, attribute))
  const whole =
    eventName === 'MODIFY' ? { ...row, ...Object.fromEntries(gone.map((one) => [one, null])) } : row
  return {
    kind: 'change',
    table,
    change: {
      operation,
      position: positionOf(epoch, SequenceNumber),
      committedAt: new Date(Math.round(ApproximateCreationDateTime * 1_000)).toISOString(),
      members: `"data":${stringifyJson(whole)}`,
    },
  }
}

function parsed(data: Buffer): z.output<typeof record> {
  try {
    return record.parse(JSON.parse(data.toString('utf8')))
  } catch (cause) {
    throw new PipelineError('capture/undecodable', 'no record of a DynamoDB stream', { cause })
  }
}

/** The name of the table of a stream: of `arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>`. */
function tableName(arn: string): string {
  const [, name] = /:table\/([A-Za-z0-9_.-]{3,255})\/stream\//.exec(arn) ?? []
  if (name === undefined) throw undecodable('eventSourceARN names no table')
  return name
}

const ORDINAL_BITS = 36n

/*
 * Sequence numbers grow with the changes of an item (API reference, StreamRecord: 21 to 40 digits). Up to 100 bits they
 * are the place in the commit order, digit for digit; a larger one is refused, never cut.
 */
function positionOf(epoch: number, sequence: string): Position {
  const number = /^\d{1,40}$/.test(sequence) ? BigInt(sequence) : undefined
  if (number === undefined || number >= 1n << 100n)
    throw new PipelineError('capture/no-position', 'SequenceNumber is no number below 2^100')
  const ordinal = Number(number & ((1n << ORDINAL_BITS) - 1n))
  return formatPosition({ epoch, lsn: number >> ORDINAL_BITS, ordinal, step: 0 })
}

function rowOf(attributes: Readonly<Record<string, Attribute>>): JsonObject {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, columnValue(value)]))
}

/* As DMS has the same value in its JSON: documents are text in it. */
function columnValue(attribute: Attribute): JsonValue {
  const value = jsonValue(attribute)
  return typeof value === 'object' && value !== null && !(value instanceof JsonNumber)
    ? stringifyJson(value)
    : value
}

function jsonValue(attribute: Attribute): JsonValue {
  const [entry, ...more] = Object.entries(attribute)
  if (entry === undefined || more.length > 0) throw undecodable('an attribute has no single type')
  const [type, value] = entry
  switch (type) {
    case 'S':
      return text(value)
    case 'N':
      return numberOf(text(value))
    case 'B':
      return hexOf(text(value))
    case 'BOOL':
      return value === true
    case 'NULL':
      return null
    /* Sets have no order: sorted, the same item is always the same text. */
    case 'SS':
      return list(value).map(text).toSorted()
    case 'BS':
      return list(value)
        .map((one) => hexOf(text(one)))
        .toSorted()
    case 'NS':
      return list(value).map(text).toSorted().map(numberOf)
    case 'L':
      return list(value).map((one) => jsonValue(attributeOf(one)))
    case 'M':
      return Object.fromEntries(
        Object.entries(attributeOf(value)).map(([name, one]) => [name, jsonValue(attributeOf(one))]),
      )
    default:
      throw undecodable('an attribute is of an unknown type')
  }
}

/* Without going through a floating point number. */
function numberOf(digits: string): JsonValue {
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(digits)) throw undecodable('a number is none')
  return parseJson(digits)
}

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex')
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw undecodable('an attribute has no text')
  return value
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw undecodable('an attribute has no list')
  return value
}

function attributeOf(value: unknown): Attribute {
  const found = z.record(z.string(), z.unknown()).safeParse(value)
  if (!found.success) throw undecodable('an attribute has no type')
  return found.data
}

function undecodable(what: string): PipelineError {
  return new PipelineError('capture/undecodable', what)
}
