import { parseTimestamp } from '../../core/contract/value/temporal.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { RawChange } from '../../core/page.ts'
import { type Position, positionFromDms } from '../../core/position.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { certainParts } from './certain-parts.ts'
import { type DmsHead, NO_DATA, splitEnvelope } from './dms-envelope.ts'
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
  const { head, members } = splitEnvelope(data)
  const operation = textOf(head, 'operation')
  const name = textOf(head, 'table-name')
  const table = sourceTableName({ schema: textOf(head, 'schema-name'), name })
  if (name.startsWith('awsdms_')) return { kind: 'bookkeeping', table }
  const kind = textOf(head, 'record-type')
  if (kind === 'control' && operation !== 'truncate-table') return { kind: 'control', table, operation }
  /* PostgreSQL's TRUNCATE does not reach a DMS stream; the replicator sends it as a control record with a position. */
  if (kind === 'control') return change(table, 'truncate', positionOf(head, options), head, NO_DATA)
  if (kind !== 'data') throw undecodable('record-type is neither data nor control')
  if (operation === 'load') {
    const position = options.loadPositionOf(table)
    if (position === undefined)
      throw new PipelineError('capture/no-load', `${table}: a load row, but no load is running`)
    return { kind: 'change', table, change: { operation, position, committedAt: null, members } }
  }
  if (operation !== 'insert' && operation !== 'update' && operation !== 'delete')
    throw undecodable('operation of a data record is none of load, insert, update, delete')
  return change(table, operation, positionOf(head, options), head, members)
}

function change(
  table: string,
  operation: RawChange['operation'],
  position: Position,
  head: DmsHead,
  members: Buffer,
): DmsRecord {
  const committedAt = head['commit-timestamp']
  if (typeof committedAt !== 'string' || !isInstant(committedAt))
    throw undecodable('commit-timestamp is missing or no instant')
  const rowBytes = head['row-bytes']
  return {
    kind: 'change',
    table,
    change: { operation, position, committedAt, members },
    ...(typeof rowBytes === 'number' ? { rowBytes } : {}),
  }
}

/* The changes of a transaction have one. */
let lastInstant = ''

function isInstant(text: string): boolean {
  if (text === lastInstant) return true
  if (parseTimestamp(text) === undefined) return false
  lastInstant = text
  return true
}

function positionOf(head: DmsHead, { epoch }: DmsDecoderOptions): Position {
  const stream = head['stream-position']
  const ordinal = head['transaction-record-id']
  if (typeof stream !== 'string' || typeof ordinal !== 'number')
    throw new PipelineError('capture/no-position', 'stream-position or transaction-record-id is missing')
  const position = positionFromDms(epoch, stream, ordinal)
  if (position === undefined)
    throw new PipelineError('capture/no-position', 'stream-position is in an unknown form')
  return position
}

function textOf(head: DmsHead, name: keyof DmsHead): string {
  const value = head[name]
  if (typeof value !== 'string') throw undecodable(`metadata has no ${name}`)
  return value
}

function undecodable(what: string): PipelineError {
  return new PipelineError('capture/undecodable', what)
}
