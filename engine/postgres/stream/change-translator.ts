import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { StreamRecord } from '../../../core/stream-record.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import type { SourceColumn } from '../catalog/source-column.ts'
import { type BaseType, PgoutputDecoder, type Relation, type RowChange } from '../records/pgoutput-decoder.ts'
import type { RecordRenderer } from '../records/record-renderer.ts'
import { defineTable } from '../records/table-definition.ts'
import type { TableLayout } from '../records/table-layout.ts'
import { TEXT, type TupleView, UNCHANGED } from '../records/tuple-view.ts'
import { PublishedTables, type TableStanding } from './published-tables.ts'

/** A table as a relation message says that it is from there on. */
export interface AlteredTable {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly columns: readonly SourceColumn[]
  readonly key: readonly string[]
}

export interface TranslatorOptions {
  /** A table under each name that its rows may have. */
  readonly tables: readonly SourceTable[]
  /** The keys of the lake's tables of a source table; the primary key alone when left out. */
  readonly keysOf?: ((table: string) => readonly (readonly string[])[]) | undefined
  /** Whether a contract of a source table reads a column. */
  readonly reads?: ((table: string, column: string) => boolean) | undefined
  /**
   * Asked at each update that leaves out a value: whether rows of another table, which had the name before, may still be
   * those of the lake. Never, when left out.
   */
  readonly hasForeignRows?: ((table: string) => boolean) | undefined
  readonly renderer: RecordRenderer
  /** Describes the columns of a relation that is not as it was; `types` are the base types that the stream named. */
  readonly describe: (
    relation: Relation,
    types: ReadonlyMap<number, BaseType>,
  ) => Promise<readonly SourceColumn[]>
  /** Told of each table that is not as it was. */
  readonly altered?: ((table: AlteredTable) => void) | undefined
  /** Takes each record in the stream's order. */
  readonly record: (record: StreamRecord) => void
  /** Told the end of each transaction, after its last record. */
  readonly committed: (endLsn: bigint) => void
}

/** Turns the messages of a pgoutput stream into records, one transaction after the other. */
export class ChangeTranslator {
  private readonly options: TranslatorOptions
  private readonly decoder = new PgoutputDecoder()
  private readonly tables: PublishedTables
  private readonly types = new Map<number, BaseType>()
  private ordinal = 0
  private isOpen = false

  constructor(options: TranslatorOptions) {
    this.options = options
    this.tables = new PublishedTables(options)
  }

  /** Between a begin and its commit. */
  get inTransaction(): boolean {
    return this.isOpen
  }

  /**
   * Takes the message that starts at `offset`. A promise means that the next message must wait for
   * it: the table changed and its new columns are being looked up. Throws source/protocol.
   */
  take(bytes: Buffer, offset: number): Promise<void> | undefined {
    const message = this.decoder.decode(bytes, offset)
    switch (message.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        this.change(message)
        return
      case 'begin':
        this.options.renderer.begin(message.xid, message.commitLsn, message.commitMicros)
        this.ordinal = 0
        this.isOpen = true
        return
      case 'commit':
        this.isOpen = false
        this.options.committed(message.endLsn)
        return
      case 'relation':
        return this.tables.accept(message) ? undefined : this.alter(message)
      case 'truncate':
        for (const oid of message.oids) this.truncate(oid)
        return
      case 'type':
        this.types.set(message.oid, message)
        return
      case 'origin':
      case 'message':
        return
    }
  }

  /* The ordinal counts changes of tables that this stream leaves out, too: it is the change's place
     in its transaction, whoever reads it. */
  private change(change: RowChange): void {
    this.ordinal += 1
    const standing = this.tables.standing(change.oid)
    if (standing === undefined) return
    this.give(this.render(standing.layout, change), this.refusalOf(standing, change))
  }

  private give(record: StreamRecord, refusal: StreamRecord['refusal']): void {
    this.options.record(refusal === undefined ? record : { ...record, refusal })
  }

  private refusalOf(
    { layout, isOther, lacksKey }: TableStanding,
    { kind, old }: Pick<RowChange, 'kind' | 'old'>,
  ): StreamRecord['refusal'] {
    if (isOther)
      return {
        code: 'capture/other-table',
        message: `${sourceTableName(layout)} is another table than the one that the lake has`,
      }
    if (kind === 'insert') return undefined
    const name = sourceTableName(layout)
    /* What it leaves out would be taken from the row of its key that the other table had. */
    if (
      kind === 'update' &&
      old !== 'full' &&
      hasGap(this.decoder.row) &&
      this.options.hasForeignRows?.(name) === true
    )
      return {
        code: 'capture/other-table',
        message: `${name} took the name of another table and is not loaded yet: what the update leaves out is unknown`,
      }
    const isUnknown = lacksKey || (old === 'key' && !hasKey(layout, this.decoder.oldRow))
    return isUnknown
      ? {
          code: 'capture/no-old-key',
          message: `${name}: the change does not say which row it was`,
        }
      : undefined
  }

  private render(layout: TableLayout, change: RowChange): StreamRecord {
    const { renderer } = this.options
    const { row, oldRow } = this.decoder
    const width = layout.columns.length
    if (
      (change.kind !== 'delete' && row.count !== width) ||
      (change.old !== 'none' && oldRow.count !== width)
    )
      throw new PipelineError(
        'source/protocol',
        `a row of ${sourceTableName(layout)} has other columns than the table`,
      )
    switch (change.kind) {
      case 'insert':
        return renderer.insert(layout, row, this.ordinal)
      case 'update':
        return renderer.update(
          layout,
          row,
          change.old === 'none' ? undefined : oldRow,
          change.old === 'full',
          this.ordinal,
        )
      case 'delete':
        return renderer.delete(layout, oldRow, this.ordinal)
    }
  }

  private truncate(oid: number): void {
    this.ordinal += 1
    const standing = this.tables.standing(oid)
    if (standing === undefined) return
    const record = this.options.renderer.control('truncate-table', standing.layout, undefined, this.ordinal)
    /* A truncate takes every row, whichever it was. */
    this.give(
      record,
      standing.isOther ? this.refusalOf(standing, { kind: 'insert', old: 'none' }) : undefined,
    )
  }

  private async alter(relation: Relation): Promise<void> {
    const alteration = this.tables.alter(relation, await this.options.describe(relation, this.types))
    if (alteration === undefined) return
    const { layout, isOther } = alteration.standing
    const { strayed } = alteration
    if (strayed !== undefined)
      this.options.record(this.options.renderer.control('rename-table', strayed, defineTable(strayed)))
    const definition = defineTable(layout)
    for (const operation of alteration.operations)
      this.options.record(this.options.renderer.control(operation, layout, definition))
    const { oid, schema, name } = relation
    if (!isOther && sourceTableName(layout) === sourceTableName(relation))
      this.options.altered?.({ oid, schema, name, columns: layout.definition, key: layout.key })
  }
}

function hasGap(row: TupleView): boolean {
  return row.kinds.subarray(0, row.count).includes(UNCHANGED)
}

/* A key has no null: where one stands, the server did not send the value. */
function hasKey({ keyColumns }: TableLayout, old: TupleView): boolean {
  return keyColumns.every((index) => old.kind(index) === TEXT)
}
