import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemColumns } from '../../../core/contract/language/lake-row.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { type JsonObject, parseJsonObject, stringifyJson } from '../../../core/json.ts'
import type { ObjectFiles, QuarantineEntry } from '../../../core/ports/ports.ts'
import { loadPosition } from '../../../core/position.ts'
import { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { openLoadFile } from '../../../engine/load-file/open-load-file.ts'
import { formatChanges } from '../../../formatters/format-page.ts'
import { routeOf } from '../../../formatters/route.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import type { AnyLoad } from './any-load.ts'

export const maskKey = new Uint8Array(32).fill(9)
export const position = loadPosition(1, 16n)

/** What became of a file: lake rows as text, refusals, and how many rows JavaScript saw. */
export interface Outcome {
  readonly rows: readonly string[]
  readonly refused: readonly QuarantineEntry[]
  readonly passedOn: number
}

/** Scratch files of a folder, and the one object that is read. */
export function scratchFiles(folder: string, object: string): Pick<ObjectFiles, 'read' | 'scratch'> {
  let count = 0
  return {
    read: async () => object,
    scratch: async (name) => {
      count += 1
      return join(folder, `${name}.${count}`)
    },
  }
}

/** An engine, and a folder for its files and others, until the test is over. */
export async function openEngine(): Promise<{ readonly engine: DuckEngine; readonly folder: string }> {
  const folder = await tempFolder()
  const engine = await DuckEngine.open({ temporary: folder })
  onTestFinished(() => engine.close())
  return { engine, folder }
}

/** Lands a load file for one contract, as the pipeline does. */
export async function rewritten(
  engine: DuckEngine,
  folder: string,
  path: string,
  table: Table,
  revision = 0,
): Promise<Outcome> {
  const sources = new Set(Object.entries(table.columns).map(([name, { from }]) => from ?? name))
  const deps = {
    engine,
    files: scratchFiles(folder, path),
    historyFiles: historyFiles([table]),
    key: maskKey,
  }
  const file = await openLoadFile('k', table.source.table, sources, deps)
  try {
    const refused: QuarantineEntry[] = []
    const prepared = await file.prepare(table, { position, revision })
    const { files } = await prepared.finish(async (entries) => void refused.push(...entries))
    const rows: string[] = []
    let passedOn = refused.length
    for (const { path: made, rows: count } of files) {
      if (made.includes('load-rest')) passedOn += count
      rows.push(...(await rowsOf(engine, made)))
    }
    return { rows: rows.sort(), refused, passedOn }
  } finally {
    await file.close()
  }
}

/** What the row codec alone makes of the same rows when the stream brings them. */
export async function reference(
  engine: DuckEngine,
  folder: string,
  rows: readonly JsonObject[],
  table: Table,
  operation: 'load' | 'insert' = 'insert',
): Promise<Outcome> {
  const changes = rows.map((data) => ({
    table: table.source.table,
    operation,
    position,
    data,
    committedAt: operation === 'load' ? null : '2026-03-02T08:15:31.000001Z',
    before: undefined,
  }))
  const route = routeOf(table, maskKey)
  const { blocks, refused } = formatChanges(changes, [route], { maxBlockBytes: 1 << 26, hasMarks: false })
  const history = historyFiles([table])(table.name, table.version)
  for (const { text } of blocks) {
    const end = text.indexOf(10)
    history?.add(JSON.parse(text.toString('utf8', 0, end)), text.subarray(end + 1))
  }
  const path = join(folder, 'reference.parquet')
  await writeFile(path, history?.finish().parts ?? [])
  return { rows: await rowsOf(engine, path), refused, passedOn: rows.length }
}

/** Writes the file of a load as DMS would, its time of transfer first; without dictionaries, in which DuckDB loses -0. */
export async function writeLoad(
  engine: DuckEngine,
  folder: string,
  { columns, rows }: AnyLoad,
): Promise<string> {
  const path = join(folder, 'load.parquet')
  const names = columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(', ')
  const lines = Array.from({ length: rows }, (_, row) =>
    [`'2026-07-26 06:46:18.616807'`, ...columns.map(({ values }) => values[row]?.sql ?? 'NULL')].join(', '),
  )
  await engine.run(
    `COPY (SELECT * FROM (VALUES ${lines.map((line) => `(${line})`).join(', ')}) AS v("DMS_TIMESTAMP", ${names}))
    TO '${path}' (FORMAT parquet, DICTIONARY_SIZE_LIMIT 0)`,
  )
  return path
}

/** The rows of a load as the stream has them. */
export function sourceRows({ columns, rows }: AnyLoad): readonly JsonObject[] {
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(({ name, values }) => [name, values[row]?.json ?? null])),
  )
}

/** Reasons and rows of refusals, without what differs between a load and an insert. */
export const refusals = (entries: readonly QuarantineEntry[]) =>
  entries
    .map(({ reasons, payload }) =>
      JSON.stringify([reasons, stringifyJson(parseJsonObject(payload)['data'] ?? null)]),
    )
    .sort()

/** The rows of a history file as text without a doubt, its operation and its commit time aside. */
async function rowsOf(engine: DuckEngine, path: string): Promise<readonly string[]> {
  if ((await stat(path)).size === 0) return []
  const described = await engine.rows(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`)
  const columns = described.map(([name, type]) => ({ name: String(name), type: String(type) }))
  const shown = columns.flatMap(({ name }, index) =>
    ['_op', '_committed_at'].includes(name)
      ? []
      : [`coalesce(base64(encode(CAST("${name}" AS VARCHAR))), 'null')`].map((sql) =>
          index < systemColumns.length ? sql : `'${name} ' || ${sql}`,
        ),
  )
  const rows = await engine.rows(`SELECT [${shown.join(', ')}] FROM read_parquet(${literal(path)})`)
  return rows.map((row) => JSON.stringify([columns.map(({ type }) => type), row])).sort()
}
