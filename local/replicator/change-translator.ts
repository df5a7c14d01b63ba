import { PipelineError } from '../../core/failures.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import { PgoutputDecoder, type Relation, type RowChange } from './pgoutput-decoder.ts'
import { PublishedTables } from './published-tables.ts'
import type { RecordRenderer } from './record-renderer.ts'
import type { SourceTable } from './source-catalog.ts'
import type { SourceColumn } from './source-column.ts'
import { defineTable } from './table-definition.ts'
import type { TableLayout } from './table-layout.ts'

export interface TranslatorOptions {
  readonly tables: readonly SourceTable[]
  readonly renderer: RecordRenderer
  /** Describes the columns of a relation that is not as it was. */
  readonly describe: (relation: Relation) => Promise<readonly SourceColumn[]>
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
  private ordinal = 0
  private isOpen = false

  constructor(options: TranslatorOptions) {
    this.options = options
    this.tables = new PublishedTables(options.tables)
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
      case 'origin':
      case 'message':
        return
    }
  }

  /* The ordinal counts changes of tables that this stream leaves out, too: it is the change's place
     in its transaction, whoever reads it. */
  private change(change: RowChange): void {
    this.ordinal += 1
    const layout = this.tables.layout(change.oid)
    if (layout !== undefined) this.options.record(this.render(layout, change))
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
    const layout = this.tables.layout(oid)
    if (layout !== undefined)
      this.options.record(this.options.renderer.control('truncate-table', layout, undefined, this.ordinal))
  }

  private async alter(relation: Relation): Promise<void> {
    const alteration = this.tables.alter(relation, await this.options.describe(relation))
    if (alteration === undefined) return
    const definition = defineTable(alteration.layout)
    for (const operation of alteration.operations)
      this.options.record(this.options.renderer.control(operation, alteration.layout, definition))
  }
}
