import { PipelineError } from '../../../core/failures/failures.ts'
import type { Clock } from '../../../core/ports/ports.ts'
import { type Position, parsePosition } from '../../../core/position.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { StreamRecord } from '../../../core/stream-record.ts'
import type { SourceTable } from '../../postgres/catalog/source-catalog.ts'
import { quoteIdentifier } from '../../postgres/connection/quote-identifier.ts'
import { RecordRenderer } from '../../postgres/records/record-renderer.ts'
import { startSequence } from '../../postgres/records/record-sequence.ts'
import { layoutTable, type TableLayout } from '../../postgres/records/table-layout.ts'
import { NULL, TEXT, TupleView } from '../../postgres/records/tuple-view.ts'
import { keyParts } from '../source/key-parts.ts'
import type { SourceColumns } from '../source/source-columns.ts'
import { sourceForm } from '../source/source-form.ts'
import type { SourceSide } from '../source/source-side.ts'
import type { Difference } from './compare-table.ts'
import type { RetryWindow } from './retry-window.ts'

/** The way of healed rows into the lake: through capture, as everything goes. */
export interface HealingWay {
  readonly capture: (
    records: readonly StreamRecord[],
    context: { readonly epoch: number; readonly loadPositionOf: (table: string) => Position | undefined },
  ) => Promise<unknown>
  /** Resolves when everything that is captured is queryable or in quarantine. */
  readonly landed: () => Promise<void>
  /** Where `landed` can only be guessed: how long what still differs is looked at again. */
  readonly retryWindow?: (() => RetryWindow) | undefined
  readonly now: Clock
}

/** Keys by what became of them. */
export interface HealResult {
  readonly healed: number
  /** Compared again after healing, these still differ. */
  readonly stillDifferent: number
  /** Rows that the source does not have and whose key the source cannot be told: it is masked, or a rule altered it. */
  readonly notPossible: number
}

/* Of one batch to capture. */
const BATCH_BYTES = 4 << 20
const MAX_ORDINAL = 2 ** 36 - 1

/**
 * Sends rows that differ into the pipeline again, as of the compared position: those of the source as rows of a load, those
 * that the source does not have as deletes. A change that came after the snapshot has a higher position and wins
 * anyway. Resolves when they are captured, with the number of keys that could not be sent.
 */
export async function sendAgain(
  differences: readonly Difference[],
  options: {
    readonly source: SourceSide
    readonly sourceTable: SourceTable
    readonly asOf: Position
    readonly way: HealingWay
  },
): Promise<number> {
  const { source, sourceTable, asOf, way } = options
  const renderer = new RecordRenderer({ now: way.now, sequence: startSequence(way.now()) })
  const batch = new Batch(way, asOf)
  const present = differences.filter(({ sourceRows }) => sourceRows > 0).map(({ key }) => key)
  if (present.length > 0) {
    const layout = layoutTable(sourceTable, sourceTable.columns, sourceTable.key)
    await source.rows(
      { kind: 'keys', keys: new Set(present) },
      (_key, _texts, row, at) => batch.add(renderer.load(layout, rest(row, at, layout))),
      () => batch.sendFull(),
      sourceTable.columns.map(({ name }) => quoteIdentifier(name)),
    )
  }
  const gone = differences.filter(({ sourceRows }) => sourceRows === 0).map(({ key }) => key)
  const notPossible = await sendDeletes(gone, { ...options, renderer, batch })
  await batch.send()
  return notPossible
}

async function sendDeletes(
  keys: readonly string[],
  {
    source: { columns },
    sourceTable,
    asOf,
    way,
    renderer,
    batch,
  }: {
    readonly source: SourceSide
    readonly sourceTable: SourceTable
    readonly asOf: Position
    readonly way: HealingWay
    readonly renderer: RecordRenderer
    readonly batch: Batch
  },
): Promise<number> {
  const names = columns.keys.map((column) => sourceName(columns, column.lake.contractColumn))
  const layout = layoutTable(sourceTable, sourceTable.columns, [...new Set(names)])
  /* A change has no place before the first of a commit, so a delete is the last of what came before the position. */
  renderer.begin(0, parsePosition(asOf).lsn - 1n, BigInt(way.now() - POSTGRES_EPOCH_MS) * 1_000n)
  let notPossible = 0
  for (const key of keys) {
    const view = keyView(key, columns, layout)
    if (view === undefined) notPossible += 1
    else batch.add(renderer.delete(layout, view, MAX_ORDINAL))
    await batch.sendFull()
  }
  return notPossible
}

const POSTGRES_EPOCH_MS = 946_684_800_000

/* The columns of the row after those of the comparison. */
function rest(row: TupleView, from: number, { columns }: TableLayout): TupleView {
  const view = new TupleView()
  view.reset(row.bytes, columns.length)
  for (const index of columns.keys())
    view.set(index, row.kind(from + index), row.start(from + index), row.end(from + index))
  return view
}

/* A row of nulls but for its key, or undefined when the texts of the key are not those of the source. */
function keyView(key: string, columns: SourceColumns, layout: TableLayout): TupleView | undefined {
  const parts = keyParts(key)
  const texts = new Map<string, string>()
  for (const [index, column] of columns.keys.entries()) {
    const name = sourceName(columns, column.lake.contractColumn)
    const type = columns.layout.columns.get(name)
    const text =
      type === undefined ? undefined : sourceForm(parts[index] ?? null, column, columns.table, type)
    if (text === undefined) return undefined
    texts.set(name, text)
  }
  const view = new TupleView()
  view.reset(
    Buffer.from([...layout.columns].map(({ name }) => texts.get(name) ?? '').join('')),
    layout.columns.length,
  )
  let at = 0
  for (const [index, { name }] of layout.columns.entries()) {
    const text = texts.get(name)
    const end = at + Buffer.byteLength(text ?? '')
    view.set(index, text === undefined ? NULL : TEXT, at, end)
    at = end
  }
  return view
}

function sourceName({ table }: SourceColumns, contractColumn: string): string {
  return table.columns[contractColumn]?.from ?? contractColumn
}

/** Records on their way to capture. */
class Batch {
  private records: StreamRecord[] = []
  private bytes = 0
  private readonly way: HealingWay
  private readonly asOf: Position

  constructor(way: HealingWay, asOf: Position) {
    this.way = way
    this.asOf = asOf
  }

  add(record: StreamRecord): void {
    this.records.push(record)
    this.bytes += record.data.length
  }

  async sendFull(): Promise<void> {
    if (this.bytes >= BATCH_BYTES) await this.send()
  }

  async send(): Promise<void> {
    const { records, asOf } = this
    if (records.length === 0) return
    this.records = []
    this.bytes = 0
    await this.way.capture(records, { epoch: parsePosition(asOf).epoch, loadPositionOf: () => asOf })
  }
}

/** The source table of a healing. Throws `source/no-tables` when it is gone. */
export function foundTable(tables: readonly SourceTable[], name: string): SourceTable {
  const found = tables.find((table) => sourceTableName(table) === name)
  if (found === undefined)
    throw new PipelineError('source/no-tables', `${name} is not in the source any more`)
  return found
}
