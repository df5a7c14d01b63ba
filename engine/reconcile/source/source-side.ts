import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { pipeline, finished as written } from 'node:stream/promises'
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
  type ComparedColumn,
  digestParts,
  digestSql,
  keySql,
  keyTextOf,
  partText,
  type SourceColumns,
  sourceRelation,
} from './source-columns.ts'

/** Rows of some buckets, or of some keys. */
export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'buckets'; readonly buckets: readonly number[] }
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> }

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
    more: readonly string[] = [],
  ): Promise<void> {
    const { columns, keys } = this.columns
    const isWanted = wanted(selection)
    const places = keys.map((key) => columns.indexOf(key))
    const types = keys.map(({ lake }) => lake.type)
    const take = (printed: readonly (string | null)[], row: TupleView, at: number): void => {
      const texts = columns.map((column, index) => finished(column, printed[index] ?? null))
      const key = keyTextOf(
        types,
        places.map((place) => texts[place] ?? null),
      )
      if (isWanted(key)) each(key, texts, row, at)
    }
    await this.read(selection, { sqls: columns.map(({ sql }) => sql), more, take, chunk })
  }

  /** Calls `each` for every selected row with the text of its key and the text that its digest is made of; `chunk` as in `rows`. */
  private async digestRows(
    selection: Selection,
    each: (key: string, text: string) => void,
    chunk: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { columns } = this
    const { keys, isKeyInSql } = columns
    const parts = digestParts(columns)
    /* A key that is finished here is a part of its own already, and finished once. */
    const own = isKeyInSql ? [] : keys.filter((key) => !parts.some(({ column }) => column === key))
    const keySqls = isKeyInSql ? [keySql(columns)] : own.map(({ sql }) => sql)
    const places = keys.map((key) => {
      const at = own.indexOf(key)
      return at >= 0 ? at : keySqls.length + parts.findIndex(({ column }) => column === key)
    })
    const types = keys.map(({ lake }) => lake.type)
    const isWanted = wanted(selection)
    const take = (printed: readonly (string | null)[]): void => {
      const texts = [...printed]
      let text = ''
      for (const [index, { column }] of parts.entries()) {
        const at = keySqls.length + index
        const given = texts[at] ?? null
        if (column === undefined) text += given
        else {
          texts[at] = finished(column, given)
          text += partText(column, texts[at])
        }
      }
      const key = isKeyInSql
        ? (texts[0] ?? '')
        : keyTextOf(
            types,
            places.map((place) => texts[place] ?? null),
          )
      if (isWanted(key)) each(key, text)
    }
    await this.read(selection, { sqls: [...keySqls, ...parts.map(({ sql }) => sql)], more: [], take, chunk })
  }

  private async read(
    selection: Selection,
    {
      sqls,
      more,
      take,
      chunk,
    }: {
      readonly sqls: readonly string[]
      readonly more: readonly string[]
      readonly take: (printed: readonly (string | null)[], row: TupleView, at: number) => void
      readonly chunk: () => Promise<void>
    },
  ): Promise<void> {
    const isPacked = sqls.length + more.length > MAX_OUTPUTS
    const compared = isPacked ? [`ARRAY[${sqls.join(', ')}]`] : sqls
    const outputs = [...compared, ...more]
    const reader = new CopyReader(outputs.length)
    const each = (row: TupleView): void => {
      const printed = isPacked
        ? (parseArrayText(row.text(0)) ?? [])
        : sqls.map((_, index) => (row.kind(index) === NULL ? null : row.text(index)))
      take(printed, row, compared.length)
    }
    const select = `SELECT ${outputs.join(', ')} FROM ${sourceRelation(this.columns)}${this.where(selection)}`
    const copy = this.client.query(copyTo(`COPY (${select}) TO STDOUT`))
    /* A connection that ends after the loop has left would have no listener for its error. */
    copy.on('error', () => undefined)
    /* The driver's type says any; COPY data are buffers. */
    for await (const data of copy as AsyncIterable<Buffer>) {
      this.signal.throwIfAborted()
      reader.push(data, each)
      await chunk()
    }
    reader.end()
  }

  private async streamDigests(out: WriteStream, selection: Selection): Promise<void> {
    let lines: string[] = []
    await this.digestRows(
      selection,
      (key, text) => lines.push(`"${key.replaceAll('"', '""')}","${md5(text)}"\n`),
      async () => {
        const text = lines.join('')
        lines = []
        if (!out.write(text)) await once(out, 'drain')
      },
    )
    out.end()
    await written(out)
  }

  private async streamedChecksums(selection: Selection): Promise<Checksums> {
    const sums = new ChecksumSums()
    await this.digestRows(selection, (key, text) => sums.add(bucketOf(md5(key)), md5(text)))
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
 * the bucket: it would expect as many groups as there are rows, and spill them to disk.
 */
export function checksumsSql(columns: SourceColumns, where = ''): string {
  const bits = `('x' || substr(${digestSql(columns)}, 1, 15))::bit(60)::bigint`
  return `SELECT bucket, count(*)::text AS rows, sum(bits)::text AS sum
    FROM (SELECT ${bucketSql(columns)} AS bucket, ${bits} AS bits FROM ${sourceRelation(columns)}${where} OFFSET 0) AS digests
    GROUP BY bucket`
}

/* PostgreSQL sends 1,664 columns at most, and a table has 1,600. */
const MAX_OUTPUTS = 1_600

function finished({ finish }: ComparedColumn, text: string | null): string | null {
  return finish === undefined || text === null ? text : finish(text)
}

function wanted(selection: Selection): (key: string) => boolean {
  if (selection.kind === 'all') return () => true
  if (selection.kind === 'keys') return (key) => selection.keys.has(key)
  const buckets = new Set(selection.buckets)
  return (key) => buckets.has(bucketOf(md5(key)))
}

function md5(text: string): string {
  return hash('md5', text)
}
