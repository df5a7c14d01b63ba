import { ByteWriter } from '../../../core/bytes/byte-writer.ts'
import { MAX_ROW_BYTES } from '../../../core/row-limit.ts'
import type { StreamRecord } from '../../../core/stream-record.ts'
import { formatDmsLsn } from '../connection/lsn.ts'
import { writeKey } from './key-image.ts'
import type { TableDefinition } from './table-definition.ts'
import type { TableLayout } from './table-layout.ts'
import { NULL, sameValue, TEXT, type TupleView, UNCHANGED } from './tuple-view.ts'

export type ControlOperation =
  | 'rename-table'
  | 'change-columns'
  | 'add-column'
  | 'drop-column'
  | 'column-type-change'
  | 'rename-column'
  | 'column-returned'
  | 'key-returned'
  | 'other-column'
  | 'replica-identity'
  | 'other-table'
  | 'truncate-table'

/** Stands in for the id of a DMS task: partition key of control records. */
const TASK_ID = 'TIDEMARKLOCALREPLICATOR'

/* Kinesis takes no longer partition key. It only routes, so a cut loses nothing. */
const MAX_PARTITION_KEY = 256
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n

const text = (ascii: string): Buffer => Buffer.from(ascii)
const DATA = text('{"data":{')
const COMMA = text(',')
const NULL_VALUE = text('null')
const BEFORE_IMAGE = text(',"before-image":{')
const CLOSE = text('}')
const TIMESTAMP = text(',"metadata":{"timestamp":"')
const CONTROL_TYPE = text('","record-type":"control","operation":"')
const TASK_KEY = text(`","partition-key-type":"task-id","partition-key-value":"${TASK_ID}"`)
const TRANSACTION = text(',"transaction-id":')
const ORDINAL = text(',"transaction-record-id":')
const END = text('}}\n')

const dataType = (operation: string): Buffer =>
  text(`","record-type":"data","operation":"${operation}","partition-key-type":"primary-key"`)
const DATA_TYPES = {
  load: dataType('load'),
  insert: dataType('insert'),
  update: dataType('update'),
  delete: dataType('delete'),
} as const
const KEY_VALUE = text(',"partition-key-value":')

/** `over`: its size, of a row that is too large; else 0. */
interface RenderedRow {
  readonly layout: TableLayout
  readonly row: TupleView
  readonly old?: TupleView | undefined
  readonly over: number
}

interface Transaction {
  readonly xid: number
  /** From `,"commit-timestamp":` to the first dot of the stream position. */
  readonly head: string
  /** From the second dot of the stream position on. */
  readonly tail: string
}

/**
 * Renders the Kinesis records that AWS DMS writes, with json-unformatted, every Include* setting,
 * NoHexPrefix and UseLargeIntegerValue on, MapBooleanAsBoolean at the source, a before-image of the
 * key and the primary key as partition key. Where DMS loses something, this does not:
 * - float4 has PostgreSQL's shortest digits (`2.2`; DMS: `2.20000005`);
 * - numeric has all its digits, without declared precision too (DMS rounds to 6 decimals), and
 *   NaN and the infinities of float and numeric are strings;
 * - infinite dates and timestamps, those before year 1 and after 9999 keep PostgreSQL's text (DMS clamps);
 * - timetz keeps its offset, money is PostgreSQL's text;
 * - no text, json or bytea is cut (DMS: LobMaxSize, 8000 bytes for varchar without length, 64 characters
 *   for enums), and varchar without length has no `length` in its table-def;
 * - an unchanged out-of-line (TOAST) value is absent, unless REPLICA IDENTITY FULL sent it with the old row;
 * - TRUNCATE, which DMS does not capture, is a control record `truncate-table` with the transaction
 *   fields of a data record, one ordinal for each table;
 * - domains have the form of their base type;
 * - of a row beyond `MAX_ROW_BYTES` the record has the key alone, and `row-bytes` in its metadata;
 * - `transaction-record-id` counts every published row change, so a redelivered change has the same one.
 */
export class RecordRenderer {
  private readonly out = new ByteWriter()
  private readonly now: () => number
  private readonly sequence: () => string
  private transaction: Transaction | undefined
  private previous = ''
  private builtAt = -1
  private builtText = ''

  /** `now` in ms since 1970: when a record was built. */
  constructor(options: { readonly now: () => number; readonly sequence: () => string }) {
    this.now = options.now
    this.sequence = options.sequence
  }

  /** Records from here to the next begin belong to this transaction; `commitMicros` since 2000. */
  begin(xid: number, commitLsn: bigint, commitMicros: bigint): void {
    const lsn = formatDmsLsn(commitLsn)
    this.transaction = {
      xid,
      head: `,"commit-timestamp":"${formatMicros(commitMicros)}","stream-position":"${lsn}.`,
      tail: `.${lsn}"`,
    }
  }

  /** A row of a full load. */
  load(layout: TableLayout, row: TupleView): StreamRecord {
    const over = this.data(layout, row, undefined, false)
    return this.finishData('load', { layout, row, over }, 0)
  }

  insert(layout: TableLayout, row: TupleView, ordinal: number): StreamRecord {
    const over = this.data(layout, row, undefined, false)
    return this.finishData('insert', { layout, row, over }, ordinal)
  }

  /** `old` is the row before, as far as the server sent it; with `oldIsFull` its values fill unchanged ones. */
  update(
    layout: TableLayout,
    row: TupleView,
    old: TupleView | undefined,
    oldIsFull: boolean,
    ordinal: number,
  ): StreamRecord {
    const over = this.data(layout, row, old, oldIsFull)
    this.out.bytes(BEFORE_IMAGE)
    if (old !== undefined && keyChanged(layout, row, old)) writeKey(this.out, layout, old)
    this.out.bytes(CLOSE)
    return this.finishData('update', { layout, row, old, over }, ordinal)
  }

  /** The key with its values, every other column null: what the server sends of it is no guarantee. */
  delete(layout: TableLayout, old: TupleView, ordinal: number): StreamRecord {
    const { out } = this
    out.bytes(DATA)
    let first = true
    for (const [index, column] of layout.columns.entries()) {
      if (!first) out.bytes(COMMA)
      first = false
      out.bytes(column.label)
      if (column.isKey && old.kind(index) === TEXT)
        column.render(out, old.bytes, old.start(index), old.end(index))
      else out.bytes(NULL_VALUE)
    }
    out.bytes(CLOSE)
    return this.finishData('delete', { layout, row: old, over: 0 }, ordinal)
  }

  /** A control record; with an ordinal it carries the fields of the current transaction. */
  control(
    operation: ControlOperation,
    table: { readonly schema: string; readonly name: string; readonly tableMetadata: Buffer },
    definition: TableDefinition | undefined,
    ordinal = 0,
  ): StreamRecord {
    const { out } = this
    const body = definition === undefined ? '{}' : JSON.stringify({ 'table-def': definition })
    out.bytes(text(`{"control":${body}`))
    this.timestamp()
    out.bytes(CONTROL_TYPE)
    out.ascii(operation)
    out.bytes(TASK_KEY)
    out.bytes(table.tableMetadata)
    if (ordinal > 0) this.position(ordinal)
    out.bytes(END)
    return this.record(`${TASK_ID}.${table.schema}.${table.name}`)
  }

  /* Of a row that is too large the key alone; gives its size then, 0 of any other. */
  private data(layout: TableLayout, row: TupleView, old: TupleView | undefined, oldIsFull: boolean): number {
    const { out } = this
    const { columns } = layout
    out.bytes(DATA)
    const size = row.bytes.length > MAX_ROW_BYTES ? valueBytes(row, oldIsFull ? old : undefined) : 0
    if (size > MAX_ROW_BYTES) {
      writeKey(out, layout, row, old)
      out.bytes(CLOSE)
      return size
    }
    let first = true
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index]
      if (column === undefined) break
      let from = row
      let kind = row.kind(index)
      if (kind === UNCHANGED) {
        /* A key column's old value arrives with the key even when it did not change. */
        if (old === undefined || !(oldIsFull || column.isKey)) continue
        from = old
        kind = old.kind(index)
        if (kind === UNCHANGED) continue
      }
      if (!first) out.byte(0x2c)
      first = false
      out.bytes(column.label)
      if (kind === NULL) out.bytes(NULL_VALUE)
      else column.render(out, from.bytes, from.start(index), from.end(index))
    }
    out.bytes(CLOSE)
    return 0
  }

  private finishData(
    operation: keyof typeof DATA_TYPES,
    { layout, row, old, over }: RenderedRow,
    ordinal: number,
  ): StreamRecord {
    const { out } = this
    const partitionKey = partitionKeyOf(layout, row, old)
    this.timestamp()
    out.bytes(DATA_TYPES[operation])
    out.bytes(KEY_VALUE)
    out.jsonText(partitionKey)
    out.bytes(layout.tableMetadata)
    if (over > 0) out.ascii(`,"row-bytes":${over}`)
    if (ordinal > 0) this.position(ordinal)
    out.bytes(END)
    return this.record(partitionKey)
  }

  private position(ordinal: number): void {
    const { out, transaction } = this
    if (transaction === undefined) return
    const id = String(transaction.xid)
    const number = String(ordinal)
    out.bytes(TRANSACTION)
    out.ascii(id)
    out.bytes(ORDINAL)
    out.ascii(number)
    out.ascii(this.previous)
    out.ascii(transaction.head)
    out.ascii(number)
    out.ascii(transaction.tail)
    this.previous = `,"prev-transaction-id":${id},"prev-transaction-record-id":${number}`
  }

  private timestamp(): void {
    const now = this.now()
    if (now !== this.builtAt) {
      this.builtAt = now
      this.builtText = `${new Date(now).toISOString().slice(0, -1)}000Z`
    }
    this.out.bytes(TIMESTAMP)
    this.out.ascii(this.builtText)
  }

  private record(partitionKey: string): StreamRecord {
    return { sequence: this.sequence(), partitionKey, data: this.out.take() }
  }
}

/* What the server did not send of a row has no bytes, unless the old row fills it. */
function valueBytes(row: TupleView, old: TupleView | undefined): number {
  let size = 0
  for (let index = 0; index < row.count; index += 1) {
    const from = row.kind(index) === UNCHANGED ? old : row
    if (from?.kind(index) === TEXT) size += from.end(index) - from.start(index)
  }
  return size
}

function keyChanged(layout: TableLayout, row: TupleView, old: TupleView): boolean {
  return layout.keyColumns.some((index) => row.kind(index) !== UNCHANGED && !sameValue(row, old, index))
}

function partitionKeyOf(layout: TableLayout, row: TupleView, old: TupleView | undefined): string {
  let key = layout.partitionPrefix
  for (let i = 0; i < layout.keyColumns.length; i += 1) {
    const index = layout.keyColumns[i] ?? 0
    const from = row.kind(index) === UNCHANGED && old !== undefined ? old : row
    if (i > 0) key += '.'
    if (from.kind(index) === TEXT) key += from.text(index)
  }
  return key.length > MAX_PARTITION_KEY ? key.slice(0, MAX_PARTITION_KEY) : key
}

function formatMicros(sincePostgresEpoch: bigint): string {
  const micros = sincePostgresEpoch + POSTGRES_EPOCH_MICROS
  const milliseconds = new Date(Number(micros / 1000n)).toISOString().slice(0, -1)
  return `${milliseconds}${String(micros % 1000n).padStart(3, '0')}Z`
}
