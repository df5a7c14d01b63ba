import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { lakeColumns } from '../../core/contract/lake-columns.ts'
import { type MaskKey, masker } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import { CopyReader } from '../replicator/copy-reader.ts'
import { quoteTable } from '../replicator/quote-identifier.ts'
import { NULL } from '../replicator/tuple-view.ts'
import { sourceText } from './source-text.ts'

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
    readonly isPartitioned: boolean
    readonly signal: AbortSignal
  },
): Promise<number> {
  const texts = lakeColumns(table).flatMap((lake) => {
    const column = table.columns[lake.contractColumn]
    if (column === undefined) return []
    const { sql, finish } = sourceText(lake, column)
    const mask = column.pii === undefined ? undefined : masker(column.pii, column.treatment, options.maskKey)
    const masked = (text: string) => (mask === undefined ? finish(text) : String(mask(finish(text))))
    return [{ sql, isKey: table.primaryKey.includes(lake.contractColumn), finish: masked }]
  })
  const [schema = '', name = ''] = splitName(table.source.table)
  const only = options.isPartitioned ? '' : 'ONLY '
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
