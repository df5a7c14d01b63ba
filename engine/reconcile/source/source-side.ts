import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished, pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { parseArrayText } from '../../../core/contract/value/array-text.ts'
import { CopyReader } from '../../postgres/copy/copy-reader.ts'
import { NULL, type TupleView } from '../../postgres/records/tuple-view.ts'
import { bucketOf, ChecksumSums, type Checksums } from '../checksum/checksums.ts'
import { keysCondition } from './keys-condition.ts'
import {
  bucketSql,
  bucketText,
  digestSql,
  keySql,
  keyTextOf,
  rowTextOf,
  type SourceColumns,
  sourceRelation,
} from './source-columns.ts'

/** Rows of some buckets, or of some keys. */
export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'buckets'; readonly buckets: readonly number[] }
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> }

interface RowsOptions {
  /** SQL of what is read beside the texts. */
  readonly more?: readonly string[]
  /** The texts that digests are made of, instead of those that are compared and shown. */
  readonly isForDigest?: boolean
}

/** How a side's digests are made: by PostgreSQL, or in this process, of rows that PostgreSQL sends. */
export type Way = 'in the engines' | 'streamed'

/** What is asked of the source for the comparison of one table, in one snapshot. Never holds more than a chunk of rows. */
export class SourceSide {
  readonly columns: SourceColumns
  readonly way: Way
  private readonly client: pg.Client
  private readonly signal: AbortSignal

  /** `client` is in the snapshot to compare. */
  constructor(client: pg.Client, columns: SourceColumns, signal: AbortSignal) {
    this.client = client
    this.columns = columns
    this.signal = signal
    this.way = columns.isRowInSql ? 'in the engines' : 'streamed'
  }

  async checksums(selection: Selection): Promise<Checksums> {
    if (this.way === 'streamed') return this.streamedChecksums(selection)
    const { rows } = await this.client.query<{ bucket: string; rows: string; sum: string }>(
      checksumsSql(this.columns, this.where(selection)),
    )
    return new Map(
      rows.map(({ bucket, rows: count, sum }) => [
        bucketOf(bucket),
        { rows: Number(count), sum: BigInt(sum) },
      ]),
    )
  }

  /** Writes one CSV line for each row: the text of its key and the MD5 of the row. */
  async writeDigests(file: string, selection: Selection): Promise<void> {
    const { columns } = this
    const out = createWriteStream(file, { mode: 0o600 })
    if (this.way === 'in the engines') {
      const select = `SELECT ${keySql(columns)}, ${digestSql(columns)} FROM ${sourceRelation(columns)}${this.where(selection)}`
      const copy = this.client.query(copyTo(`COPY (${select}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)`))
      await pipeline(copy, out, { signal: this.signal })
      return
    }
    try {
      await this.streamDigests(out, selection)
    } finally {
      out.destroy()
    }
  }

  /**
   * Calls `each` for every selected row with the text of its key, the comparison texts of all columns and a view of what
   * `more` asks for, from the column `at` on; it is valid during the call. Reads no further while `chunk` is pending.
   */
  async rows(
    selection: Selection,
    each: (key: string, texts: readonly (string | null)[], row: TupleView, at: number) => void,
    chunk: () => Promise<void> = () => Promise.resolve(),
    { more = [], isForDigest = false }: RowsOptions = {},
  ): Promise<void> {
    const { columns, keys } = this.columns
    const sqls = columns.map(({ sql, digestSql }) => (isForDigest ? digestSql : sql))
    const isPacked = sqls.length + more.length > MAX_OUTPUTS
    const compared = isPacked ? [`ARRAY[${sqls.join(', ')}]`] : sqls
    const outputs = [...compared, ...more]
    const reader = new CopyReader(outputs.length)
    const isWanted = wanted(selection)
    const places = keys.map((key) => columns.indexOf(key))
    const types = keys.map(({ lake }) => lake.type)
    const take = (row: TupleView): void => {
      const printed = isPacked ? parseArrayText(row.text(0)) : undefined
      const texts = columns.map(({ finish }, index) => {
        const text = isPacked ? printed?.[index] : row.kind(index) === NULL ? null : row.text(index)
        return finish === undefined || text === null || text === undefined ? (text ?? null) : finish(text)
      })
      const key = keyTextOf(
        types,
        places.map((place) => texts[place] ?? null),
      )
      if (isWanted(key)) each(key, texts, row, compared.length)
    }
    const select = `SELECT ${outputs.join(', ')} FROM ${sourceRelation(this.columns)}${this.where(selection)}`
    const copy = this.client.query(copyTo(`COPY (${select}) TO STDOUT`))
    /* A connection that ends after the loop has left would have no listener for its error. */
    copy.on('error', () => undefined)
    /* The driver's type says any; COPY data are buffers. */
    for await (const data of copy as AsyncIterable<Buffer>) {
      this.signal.throwIfAborted()
      reader.push(data, take)
      await chunk()
    }
    reader.end()
  }

  private async streamDigests(out: WriteStream, selection: Selection): Promise<void> {
    const { columns } = this.columns
    let lines: string[] = []
    await this.rows(
      selection,
      (key, texts) => lines.push(`"${key.replaceAll('"', '""')}","${md5(rowTextOf(columns, texts))}"\n`),
      async () => {
        const text = lines.join('')
        lines = []
        if (!out.write(text)) await once(out, 'drain')
      },
      { isForDigest: true },
    )
    out.end()
    await finished(out)
  }

  private async streamedChecksums(selection: Selection): Promise<Checksums> {
    const sums = new ChecksumSums()
    const { columns } = this.columns
    const add = (key: string, texts: readonly (string | null)[]) =>
      sums.add(bucketOf(md5(key)), md5(rowTextOf(columns, texts)))
    await this.rows(selection, add, undefined, { isForDigest: true })
    return sums.checksums()
  }

  /* What PostgreSQL can leave out by itself; the rest is left out here. */
  private where(selection: Selection): string {
    if (selection.kind === 'all') return ''
    if (selection.kind === 'keys') return keysCondition(this.columns, selection.keys)
    if (!this.columns.isKeyInSql) return ''
    return ` WHERE ${bucketSql(this.columns)} = ANY ('{${selection.buckets.map(bucketText).join(',')}}'::text[])`
  }
}

/**
 * SELECT of `bucket`, `rows` and `sum` of every bucket that has rows. OFFSET 0 keeps the planner from seeing the key inside
 * the bucket: it would expect as many groups as there are rows, spill them to disk, and leave out its parallel workers.
 */
export function checksumsSql(columns: SourceColumns, where = ''): string {
  const bits = `('x' || substr(${digestSql(columns)}, 1, 15))::bit(60)::bigint`
  return `SELECT bucket, count(*)::text AS rows, sum(bits)::text AS sum
    FROM (SELECT ${bucketSql(columns)} AS bucket, ${bits} AS bits FROM ${sourceRelation(columns)}${where} OFFSET 0) AS digests
    GROUP BY bucket`
}

/* PostgreSQL sends 1,664 columns at most, and a table has 1,600. */
const MAX_OUTPUTS = 1_600

function wanted(selection: Selection): (key: string) => boolean {
  if (selection.kind === 'all') return () => true
  if (selection.kind === 'keys') return (key) => selection.keys.has(key)
  const buckets = new Set(selection.buckets)
  return (key) => buckets.has(bucketOf(md5(key)))
}

function md5(text: string): string {
  return hash('md5', text)
}
