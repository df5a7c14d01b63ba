import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { type LakeColumn, lakeColumns } from '../../core/contract/lake-columns.ts'
import { type MaskKey, masker } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import { CopyReader } from '../replicator/copy-reader.ts'
import { quoteTable } from '../replicator/quote-identifier.ts'
import { NULL } from '../replicator/tuple-view.ts'
import { sourceText } from './source-text.ts'

/** A source table as it is in the snapshot that is compared. */
export interface SourceLayout {
  readonly columns: ReadonlySet<string>
  readonly isPartitioned: boolean
}

/** Reads the layout of a table. Throws `source/no-tables` when it is gone. */
export async function readLayout(client: pg.Client, sourceTable: string): Promise<SourceLayout> {
  const [schema, name] = splitName(sourceTable)
  const { rows } = await client.query<{ kind: string; column: string }>(
    `select c.relkind::text as kind, a.attname::text as column from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname = $1 and c.relname = $2`,
    [schema, name],
  )
  if (rows.length === 0)
    throw new PipelineError('source/no-tables', `${sourceTable} is not in the source any more`)
  return { columns: new Set(rows.map(({ column }) => column)), isPartitioned: rows[0]?.kind === 'p' }
}

/** The lake columns that the source still has: nothing can be compared with a column that was dropped there. */
export function comparedColumns(table: Table, { columns }: SourceLayout): readonly LakeColumn[] {
  return lakeColumns(table).filter(({ contractColumn }) =>
    columns.has(table.columns[contractColumn]?.from ?? contractColumn),
  )
}

interface DigestColumn {
  readonly isKey: boolean
  readonly finish: (text: string) => string | null
}

/**
 * Writes one CSV line for each row of a source table: the text of its key and the MD5 of its key and columns, masked as
 * the contract says. `client` is in the snapshot to compare. Resolves with the number of rows; holds one chunk of COPY.
 */
export async function writeSourceDigests(
  client: pg.Client,
  table: Table,
  options: {
    readonly maskKey: MaskKey
    readonly file: string
    readonly layout: SourceLayout
    readonly signal: AbortSignal
  },
): Promise<number> {
  const texts = comparedColumns(table, options.layout).flatMap((lake) => {
    const column = table.columns[lake.contractColumn]
    if (column === undefined) return []
    const { sql, finish } = sourceText(lake, column)
    const mask = column.pii === undefined ? undefined : masker(column.pii, column.treatment, options.maskKey)
    const masked = (text: string) => {
      const value = finish(text)
      return mask === undefined || value === null ? value : String(mask(value))
    }
    return [{ sql, isKey: table.primaryKey.includes(lake.contractColumn), finish: masked }]
  })
  const [schema = '', name = ''] = splitName(table.source.table)
  const only = options.layout.isPartitioned ? '' : 'ONLY '
  const select = `COPY (SELECT ${texts.map(({ sql }) => sql).join(', ')} FROM ${only}${quoteTable({ schema, name })}) TO STDOUT`
  return copyDigests(client, select, texts, options)
}

async function copyDigests(
  client: pg.Client,
  select: string,
  columns: readonly DigestColumn[],
  { file, signal }: { readonly file: string; readonly signal: AbortSignal },
): Promise<number> {
  const out = createWriteStream(file, { mode: 0o600 })
  const reader = new CopyReader(columns.length)
  let rows = 0
  const copy = client.query(copyTo(select))
  for await (const chunk of copy as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    const lines: string[] = []
    reader.push(chunk, (row) => {
      let all = ''
      let key = ''
      for (const [index, column] of columns.entries()) {
        const text = row.kind(index) === NULL ? null : column.finish(row.text(index))
        const part = text === null ? '-' : `${Buffer.byteLength(text)}:${text}`
        all += part
        if (column.isKey) key += part
      }
      lines.push(`"${key.replaceAll('"', '""')}","${createHash('md5').update(all).digest('hex')}"\n`)
    })
    rows += lines.length
    if (!out.write(lines.join(''))) await once(out, 'drain')
  }
  reader.end()
  out.end()
  await finished(out)
  return rows
}

/** Schema and table of a source name; the schema has no dot. */
export function splitName(name: string): readonly [string, string] {
  const dot = name.indexOf('.')
  return [name.slice(0, dot), name.slice(dot + 1)]
}
