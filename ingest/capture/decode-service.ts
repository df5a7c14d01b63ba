import { isoOfMillis } from '../../core/contract/value/temporal.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import {
  field,
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  parseJsonObject,
  stringifyJson,
} from '../../core/json.ts'
import type { RawChange } from '../../core/page.ts'
import { type Position, positionFromSequence } from '../../core/position.ts'
import { itemRow } from './item-row.ts'

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

const operations = { INSERT: 'insert', MODIFY: 'update', REMOVE: 'delete' } as const

/**
 * The change that a record of a DynamoDB stream (JSON, as Lambda hands it over) tells of. An image is the whole item, so the
 * change is whole: what it does not have, the row does not have. Expiry by TTL is a delete like any other. Throws
 * `capture/undecodable` or `capture/no-position` for a record; for a stream, `settings/invalid` when nobody named its
 * table and `source/stream-view` when it shows no new images.
 */
export function decodeService(data: Buffer, { epoch, tableOf }: ServiceDecoderOptions): ServiceChange {
  const record = recordOf(data)
  const name = tableName(field(record, 'eventSourceARN'))
  const table = tableOf(name)
  if (table === undefined)
    throw new PipelineError('settings/invalid', `no source table for DynamoDB table ${name}`)
  const event = field(record, 'eventName')
  const seen = field(record, 'dynamodb')
  if (event !== 'INSERT' && event !== 'MODIFY' && event !== 'REMOVE')
    throw undecodable('eventName is none of INSERT, MODIFY, REMOVE')
  if (!isJsonObject(seen)) throw undecodable('no dynamodb')
  const view = field(seen, 'StreamViewType')
  /* Not a matter of one record: every one of such a stream would wait in quarantine, and none could ever be used. */
  if (view === 'KEYS_ONLY' || view === 'OLD_IMAGE')
    throw new PipelineError('source/stream-view', `the stream of DynamoDB table ${name} shows ${view}`)
  const image = field(seen, event === 'REMOVE' ? 'Keys' : 'NewImage')
  if (!isJsonObject(image)) throw undecodable(`no ${event === 'REMOVE' ? 'Keys' : 'NewImage'}`)
  const change = {
    operation: operations[event],
    position: positionOf(epoch, field(seen, 'SequenceNumber')),
    committedAt: instantOf(field(seen, 'ApproximateCreationDateTime')),
    members: Buffer.from(`"data":${stringifyJson(itemRow(image))},"whole":true`),
  }
  return { kind: 'change', table, change }
}

function recordOf(data: Buffer): JsonObject {
  try {
    return parseJsonObject(data.toString('utf8'))
  } catch (cause) {
    throw new PipelineError('capture/undecodable', 'no JSON object', { cause })
  }
}

/** The name of the table of a stream: of `arn:aws:dynamodb:<region>:<account>:table/<name>/stream/<label>`. */
function tableName(arn: JsonValue | undefined): string {
  const [, name] = /:table\/([A-Za-z0-9_.-]{3,255})\/stream\//.exec(typeof arn === 'string' ? arn : '') ?? []
  if (name === undefined) throw undecodable('eventSourceARN names no table')
  return name
}

function positionOf(epoch: number, sequence: JsonValue | undefined): Position {
  const position = typeof sequence === 'string' ? positionFromSequence(epoch, sequence) : undefined
  if (position === undefined)
    throw new PipelineError('capture/no-position', 'SequenceNumber is no number below 2^100')
  return position
}

/* Epoch seconds; the last one of the year 9999. */
const LAST_SECOND = 253_402_300_799

function instantOf(value: JsonValue | undefined): string {
  const seconds = value instanceof JsonNumber ? Number(value.text) : value
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= LAST_SECOND))
    throw undecodable('ApproximateCreationDateTime is no instant')
  return isoOfMillis(Math.round(seconds * 1_000))
}

function undecodable(what: string): PipelineError {
  return new PipelineError('capture/undecodable', what)
}
