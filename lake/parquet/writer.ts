import { type Column, createColumns } from './column.ts'
import { ChunkEncoder } from './column-chunk.ts'
import { footer, magic, type RowGroup } from './footer.ts'
import type { Leaf } from './leaf.ts'
import { checkFields, type ParquetField, type ParquetValue } from './values/field.ts'

export interface ParquetOptions {
  /** A row group ends when it has this many rows; 131,072 unless given. */
  readonly rowGroupRows?: number
  /** A row group ends with the row that takes its columns past this many bytes in memory; 64 MiB unless given. */
  readonly rowGroupBytes?: number
  /** A page ends with the row that takes its encoded values past this many bytes; 1 MiB unless given. */
  readonly pageBytes?: number
  readonly compression?: 'snappy' | 'none'
  /** False keeps every page PLAIN, for readers that know nothing else. */
  readonly dictionary?: boolean
  /** Key-value pairs of the footer. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface ParquetSummary {
  readonly rows: number
  readonly bytes: number
  readonly rowGroups: number
}

export interface ColumnBuilder {
  readonly field: ParquetField
  /** Takes this column's value of the next row. Throws a RangeError, which names the column and no value, when it does not fit. */
  append(value: ParquetValue): void
  /** As `append`, of text as bytes of UTF-8, which they are to be. Throws a RangeError for a column of another type. */
  appendText(bytes: Uint8Array, from: number, to: number): void
}

export interface ParquetWriter {
  readonly columns: readonly ColumnBuilder[]
  /** Ends the row. Throws when a column did not get exactly one value. */
  endRow(): void
  /** Forgets what was appended since the last `endRow`, also after an append that threw. */
  dropRow(): void
  /** Writes what is left and the footer. The writer is of no use afterwards. */
  finish(): ParquetSummary
}

/**
 * Writes a Parquet file to `sink`, in order; the bytes are the sink's to keep. Memory is bounded by
 * one row group (`rowGroupBytes` and one row, about five times over while it is encoded), whatever
 * the number of rows. After an error of the sink the writer refuses further work.
 */
export function parquetWriter(
  fields: readonly ParquetField[],
  sink: (bytes: Uint8Array) => void,
  options: ParquetOptions = {},
): ParquetWriter {
  checkFields(fields)
  const { columns, leaves } = createColumns(fields)
  return new FileWriter(fields, columns, leaves, sink, options)
}

class FileWriter implements ParquetWriter {
  readonly columns: readonly Column[]
  readonly #fields: readonly ParquetField[]
  readonly #leaves: readonly Leaf[]
  readonly #sink: (bytes: Uint8Array) => void
  readonly #encoder: ChunkEncoder
  readonly #rowGroupRows: number
  readonly #rowGroupBytes: number
  readonly #metadata: Readonly<Record<string, string>>
  readonly #rowGroups: RowGroup[] = []
  #rows = 0
  #offset = 0
  #closed = false

  constructor(
    fields: readonly ParquetField[],
    columns: readonly Column[],
    leaves: readonly Leaf[],
    sink: (bytes: Uint8Array) => void,
    options: ParquetOptions,
  ) {
    this.#fields = fields
    this.columns = columns
    this.#leaves = leaves
    this.#sink = sink
    this.#rowGroupRows = positive('rowGroupRows', options.rowGroupRows ?? 131_072)
    this.#rowGroupBytes = positive('rowGroupBytes', options.rowGroupBytes ?? 64 << 20)
    this.#encoder = new ChunkEncoder({
      pageBytes: positive('pageBytes', options.pageBytes ?? 1 << 20),
      snappy: (options.compression ?? 'snappy') === 'snappy',
      dictionary: options.dictionary ?? true,
    })
    this.#metadata = options.metadata ?? {}
  }

  endRow(): void {
    this.#checkOpen()
    const rows = this.#rows + 1
    let held = 0
    for (const leaf of this.#leaves) {
      if (leaf.rows !== rows)
        throw new RangeError(`column ${leaf.path.join('.')} must have one value in each row`)
      held += leaf.held
    }
    this.#rows = rows
    if (rows >= this.#rowGroupRows || held >= this.#rowGroupBytes) this.#flush()
  }

  dropRow(): void {
    for (const leaf of this.#leaves) leaf.truncate(this.#rows)
  }

  finish(): ParquetSummary {
    this.#checkOpen()
    if (this.#leaves.some((leaf) => leaf.rows !== this.#rows))
      throw new RangeError('the last row was not ended')
    if (this.#rows > 0) this.#flush()
    this.#begin()
    this.#closed = true
    this.#write(footer(this.#fields, this.#leaves, this.#rowGroups, this.#metadata))
    const rows = this.#rowGroups.reduce((sum, group) => sum + group.rows, 0)
    return { rows, bytes: this.#offset, rowGroups: this.#rowGroups.length }
  }

  #flush(): void {
    // Open again only when all of the group is out: a sink that throws leaves a file that nobody may continue.
    this.#closed = true
    this.#begin()
    const offset = this.#offset
    const chunks = this.#leaves.map((leaf) => {
      const summary = this.#encoder.encode(leaf, (bytes) => this.#write(bytes))
      leaf.clear()
      return summary
    })
    this.#rowGroups.push({ offset, rows: this.#rows, chunks })
    this.#rows = 0
    this.#closed = false
  }

  #begin(): void {
    if (this.#offset === 0) this.#write(Uint8Array.from(magic))
  }

  #write(bytes: Uint8Array): void {
    this.#sink(bytes)
    this.#offset += bytes.length
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error('the Parquet writer is finished, or its sink failed')
  }
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`)
  return value
}
