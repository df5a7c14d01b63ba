import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { ParquetField, ParquetType, ParquetValue } from '../lake/parquet/values/field.ts'
import { parquetWriter } from '../lake/parquet/writer.ts'

/*
 * Encodes 100,000 rows of a shifts table, 24 columns, from canonical values in memory, and gives the same
 * rows to DuckDB on one thread: table → Parquet (its encoder alone), NDJSON file → Parquet, and the row
 * appender → Parquet. Rounds are interleaved; the medians and their ratios are printed.
 * npm run bench:parquet -- [--json]
 */
const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const rowCount = 100_000
const rounds = 7
const bigint: ParquetType = { kind: 'int64' }
const micros: ParquetType = { kind: 'int64', logical: 'timestamp-micros' }
const text: ParquetType = { kind: 'string' }
const money: ParquetType = { kind: 'decimal', precision: 12, scale: 2 }
const day: ParquetType = { kind: 'int32', logical: 'date' }
const element: ParquetField = { name: 'element', type: text, nullable: true }

interface BenchColumn {
  readonly name: string
  readonly type: ParquetType
  readonly sql: string
  readonly value: (row: number, random: () => number) => ParquetValue
}

const epoch = 1_700_000_000_000_000
const cities = ['Paris', 'Lyon', 'Besançon', 'Saint-Étienne', 'Nîmes', 'Lille', 'Nantes']
const statuses = ['draft', 'published', 'confirmed', 'cancelled']

function pick(values: readonly string[], random: () => number): string {
  return values[Math.floor(random() * values.length)] ?? ''
}

function hex(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}

const columns: readonly BenchColumn[] = [
  { name: 'id', type: bigint, sql: 'BIGINT', value: (row) => 5_000_000_000 + row },
  { name: 'account_id', type: bigint, sql: 'BIGINT', value: (_, r) => Math.floor(r() * 3000) },
  { name: 'user_id', type: bigint, sql: 'BIGINT', value: (_, r) => Math.floor(r() * 60_000) },
  { name: 'location_id', type: { kind: 'int32' }, sql: 'INTEGER', value: (_, r) => Math.floor(r() * 900) },
  { name: 'city', type: text, sql: 'VARCHAR', value: (_, r) => pick(cities, r) },
  { name: 'status', type: text, sql: 'VARCHAR', value: (_, r) => pick(statuses, r) },
  {
    name: 'starts_at',
    type: micros,
    sql: 'TIMESTAMPTZ',
    value: (row, r) => epoch + row * 9e8 + Math.floor(r() * 1e6),
  },
  {
    name: 'ends_at',
    type: micros,
    sql: 'TIMESTAMPTZ',
    value: (row, r) => epoch + row * 9e8 + 288e8 + Math.floor(r() * 1e6),
  },
  { name: 'day', type: day, sql: 'DATE', value: (row) => 19_600 + Math.floor(row / 900) },
  {
    name: 'break_minutes',
    type: { kind: 'int32' },
    sql: 'INTEGER',
    value: (_, r) => Math.floor(r() * 5) * 15,
  },
  { name: 'hourly_rate', type: money, sql: 'DECIMAL(12,2)', value: (_, r) => (11.65 + r() * 30).toFixed(2) },
  { name: 'total', type: money, sql: 'DECIMAL(12,2)', value: (_, r) => (r() * 9000 - 100).toFixed(2) },
  { name: 'is_remote', type: { kind: 'boolean' }, sql: 'BOOLEAN', value: (_, r) => r() < 0.2 },
  { name: 'is_paid', type: { kind: 'boolean' }, sql: 'BOOLEAN', value: (_, r) => r() < 0.9 },
  {
    name: 'note',
    type: text,
    sql: 'VARCHAR',
    value: (_, r) => (r() < 0.6 ? null : `À revoir avec ${pick(cities, r)}, réf. ${hex(r)} ${hex(r)}`),
  },
  {
    name: 'label',
    type: text,
    sql: 'VARCHAR',
    value: (_, r) => `${pick(cities, r)} #${Math.floor(r() * 400)}`,
  },
  {
    name: 'tags',
    type: { kind: 'list', of: element },
    sql: 'VARCHAR[]',
    value: (_, r) => Array.from({ length: Math.floor(r() * 4) }, () => pick(statuses, r)),
  },
  { name: 'external_id', type: text, sql: 'VARCHAR', value: (_, r) => `${hex(r)}-${hex(r)}-${hex(r)}` },
  { name: 'score', type: { kind: 'double' }, sql: 'DOUBLE', value: (_, r) => (r() < 0.3 ? null : r() * 100) },
  {
    name: 'deleted_at',
    type: micros,
    sql: 'TIMESTAMPTZ',
    value: (row, r) => (r() < 0.95 ? null : epoch + row),
  },
  { name: '_op', type: text, sql: 'VARCHAR', value: (_, r) => (r() < 0.7 ? 'update' : 'insert') },
  {
    name: '_position',
    type: text,
    sql: 'VARCHAR',
    value: (row) => `0001-${(0x16b3748000 + row * 312).toString(16).padStart(16, '0')}-00000001`,
  },
  { name: '_revision', type: { kind: 'int32' }, sql: 'INTEGER', value: () => 0 },
  {
    name: '_committed_at',
    type: micros,
    sql: 'TIMESTAMPTZ',
    value: (row) => epoch + Math.floor(row / 5) * 1e6,
  },
]

/** A small fixed generator, so that every run has the same rows. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function encode(rows: readonly (readonly ParquetValue[])[]): number {
  const fields = columns.map(({ name, type }) => ({ name, type, nullable: true }))
  let size = 0
  const writer = parquetWriter(fields, (bytes) => {
    size += bytes.length
  })
  const builders = writer.columns
  for (const row of rows) {
    for (let index = 0; index < builders.length; index++) builders[index]?.append(row[index] ?? null)
    writer.endRow()
  }
  writer.finish()
  return size
}

function asJson(column: BenchColumn, value: ParquetValue): unknown {
  if (value === null) return null
  if (column.sql === 'TIMESTAMPTZ') {
    const instant = Number(value)
    const fraction = String(instant % 1e6).padStart(6, '0')
    return `${new Date(Math.floor(instant / 1e6) * 1000).toISOString().slice(0, 19)}.${fraction}Z`
  }
  if (column.sql === 'DATE') return new Date(Number(value) * 864e5).toISOString().slice(0, 10)
  return value
}

async function appendRows(
  connection: DuckDBConnection,
  rows: readonly (readonly ParquetValue[])[],
): Promise<void> {
  // The appender takes no timestamps or decimals as text without a wrapper for each value: plain columns stand in.
  const sql = columns.map(
    ({ name, sql }) =>
      `${name} ${/DECIMAL|\[\]/.test(sql) ? 'VARCHAR' : /TIME/.test(sql) ? 'BIGINT' : sql === 'DATE' ? 'INTEGER' : sql}`,
  )
  await connection.run(`CREATE OR REPLACE TABLE appended (${sql.join(', ')})`)
  const appender = await connection.createAppender('appended')
  for (const row of rows) {
    for (const [index, column] of columns.entries()) {
      const value = row[index] ?? null
      if (value === null) appender.appendNull()
      else if (typeof value === 'boolean') appender.appendBoolean(value)
      else if (typeof value === 'string') appender.appendVarchar(value)
      else if (typeof value !== 'number') appender.appendVarchar(String(value))
      else if (column.type.kind === 'int32') appender.appendInteger(value)
      else if (column.type.kind === 'double') appender.appendDouble(value)
      else appender.appendBigInt(BigInt(value))
    }
    appender.endRow()
  }
  appender.closeSync()
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const random = generator(42)
  const rows = Array.from({ length: rowCount }, (_, row) => columns.map(({ value }) => value(row, random)))
  const json = join(folder, 'rows.ndjson')
  const lines = rows.map((row) =>
    JSON.stringify(
      Object.fromEntries(columns.map((column, at) => [column.name, asJson(column, row[at] ?? null)])),
    ),
  )
  writeFileSync(json, lines.join('\n'))
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const types = columns.map(({ name, sql }) => `${name}: '${sql}'`).join(', ')
  const source = `read_json('${json}', format = 'newline_delimited', columns = {${types}})`
  await connection.run(`CREATE TABLE shifts AS SELECT * FROM ${source}`)
  const file = join(folder, 'duckdb.parquet')
  const copy = (from: string) => connection.run(`COPY (SELECT * FROM ${from}) TO '${file}' (FORMAT parquet)`)

  let size = 0
  const cases = {
    'tidemark: values → Parquet': () => {
      size = encode(rows)
    },
    'DuckDB: table → Parquet': () => copy('shifts'),
    'DuckDB: NDJSON → Parquet': () => copy(source),
    'DuckDB: appender → Parquet': async () => {
      await appendRows(connection, rows)
      await copy('appended')
    },
  }
  const times = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(cases)) {
      const start = performance.now()
      await run()
      times.get(name)?.push(performance.now() - start)
    }
  }
  await copy('shifts')
  const own = median(times.get('tidemark: values → Parquet') ?? [])
  const results = [...times].map(([name, measured]) => ({
    name,
    rowsPerSecond: Math.round((rowCount / median(measured)) * 1_000),
    firstMs: Math.round(measured[0] ?? 0),
    ratio: Number((median(measured) / own).toFixed(2)),
  }))
  const bytes = { tidemark: size, duckdb: statSync(file).size }
  if (options.json) console.log(JSON.stringify({ rows: rowCount, results, bytes }))
  else {
    for (const { name, rowsPerSecond, firstMs, ratio } of results)
      console.log(
        `${name.padEnd(28)} ${String(Math.round(rowsPerSecond / 1_000)).padStart(5)}k rows/s  first ${firstMs} ms  tidemark is ${ratio.toFixed(2)}x`,
      )
    console.log(
      `size: tidemark ${(bytes.tidemark / 1e6).toFixed(2)} MB, DuckDB ${(bytes.duckdb / 1e6).toFixed(2)} MB`,
    )
  }
  rmSync(folder, { recursive: true })
}

await main()
