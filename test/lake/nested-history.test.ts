import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import type { CanonicalValue } from '../../core/block.ts'
import { col, table } from '../../core/contract/index.ts'
import { blockColumns } from '../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { stringifyJson } from '../../core/json.ts'
import { columnText } from '../../engine/reconcile/checksum/column-text.ts'
import { nestedText } from '../../engine/reconcile/checksum/nested-text.ts'
import { athenaType } from '../../glue/athena-type.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { duckdbType } from '../../lake/sql/duckdb-type.ts'
import { historySelect } from '../../lake/sql/history-select.ts'
import { runs } from '../support/budget.ts'
import { tempFolder } from '../support/temp-folder.ts'

const nested = table({
  name: 't.nested',
  version: 1,
  owner: 'tests',
  description: 'Nested columns',
  source: { system: 'tests', table: 'public.nested' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: {
    id: col.integer('Key'),
    plan: col.struct(
      {
        day: { kind: 'date' },
        cost: { kind: 'decimal', precision: 9, scale: 2, nullable: true },
        breaks: {
          kind: 'list',
          of: {
            kind: 'struct',
            fields: { at: { kind: 'timestamp' }, hex: { kind: 'binary', nullable: true } },
          },
        },
      },
      'Plan',
      { nullable: true },
    ),
    grid: col.list({ kind: 'list', of: { kind: 'double' } }, 'Grid', { nullable: true }),
  },
})

const rows: readonly (readonly CanonicalValue[])[] = [
  [1, ['2024-02-29', '-1.50', [[-1, '00ff'], null, [0, null]]], [[0.1, 'NaN', '-0', null], [], null]],
  [2, ['0001-01-01', null, []], []],
  [3, null, null],
]

function fileOf(values: readonly (readonly CanonicalValue[])[]): Buffer {
  const file = historyFiles([nested])('t.nested', 1)
  const lines = values.map((row) => `${JSON.stringify(['insert', 'p', 0, 0, null, null, ...row])}\n`)
  file?.add({ table: 't.nested', version: 1, columns: blockColumns(nested) }, Buffer.from(lines.join('')))
  return Buffer.concat(file?.finish().parts ?? [])
}

async function query(select: (path: string) => string, bytes?: Buffer): Promise<readonly unknown[][]> {
  const path = join(await tempFolder(), 'f.parquet')
  if (bytes !== undefined) await writeFile(path, bytes)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run(`SET TimeZone = 'UTC'`)
    return (await connection.runAndReadAll(select(path))).getRowsJson()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

test('G6: structs and lists of lists are in the file as they are, for DuckDB', async () => {
  const found = await query((path) => `SELECT plan::VARCHAR, grid::VARCHAR FROM '${path}'`, fileOf(rows))
  expect(found).toEqual([
    [
      "{'day': 2024-02-29, 'cost': -1.50, 'breaks': [{'at': '1969-12-31 23:59:59.999+00', 'hex': \\x00\\xFF}, NULL, {'at': '1970-01-01 00:00:00+00', 'hex': NULL}]}",
      '[[0.1, nan, -0.0, NULL], [], NULL]',
    ],
    ["{'day': 0001-01-01, 'cost': NULL, 'breaks': []}", '[]'],
    [null, null],
  ])
})

test('G6: and for a reader that is none of ours', async () => {
  const bytes = fileOf(rows)
  const file = new Uint8Array(bytes).buffer
  const found = await parquetReadObjects({ file, columns: ['id', 'plan', 'grid'], utf8: false })
  expect(found[0]).toMatchObject({
    id: 1,
    plan: {
      cost: -1.5,
      breaks: [{ at: new Date(-1), hex: new Uint8Array([0, 255]) }, null, { at: new Date(0), hex: null }],
    },
    grid: [[0.1, Number.NaN, -0, null], [], null],
  })
  expect(found[2]).toMatchObject({ plan: null, grid: null })
})

test('the catalog and DuckDB name the same type, with or without a file', async () => {
  const { columns } = catalogTable(nested)
  expect(columns.map(({ type }) => athenaType(type))).toEqual([
    'int',
    'struct<day:date,cost:decimal(9,2),breaks:array<struct<at:timestamp,hex:binary>>>',
    'array<array<double>>',
  ])
  expect(columns.map(({ type }) => duckdbType(type))).toEqual([
    'INTEGER',
    'STRUCT("day" DATE, "cost" DECIMAL(9,2), "breaks" STRUCT("at" TIMESTAMPTZ, "hex" BLOB)[])',
    'DOUBLE[][]',
  ])
  const entry = { table: catalogTable(nested), partitions: [], floors: [], revisions: [], base: null }
  expect(await query(() => `SELECT count(*)::INTEGER FROM (${historySelect(entry, '/nowhere')})`)).toEqual([
    [0],
  ])
})

test.each(['A', 'a b', '', 'a"', '_'.repeat(200)])('no SQL is built from a member %j', (name) => {
  expect(() => duckdbType({ kind: 'struct', fields: { [name]: { kind: 'integer' } } })).toThrow(RangeError)
})

/* Text that frames must keep apart, and numbers that have several texts. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(',', '\\', '-', '=', '!', 'a', "'", '😀', ' '), maxLength: 5 }),
  fc.constant('NULL'),
)
const member = fc.record({ a: fc.option(text), b: fc.option(fc.array(fc.option(text), { maxLength: 3 })) })
const anyNested = fc.array(fc.option(member), { maxLength: 3 })
const nestedType: ColumnType = {
  kind: 'list',
  of: {
    kind: 'struct',
    fields: {
      a: { kind: 'string', nullable: true },
      b: { kind: 'list', of: { kind: 'string' }, nullable: true },
    },
  },
}

test('G2: both sides of the comparison write one text for one value, and another for any other', async () => {
  const values = fc.sample(fc.option(anyNested), { numRuns: runs(150), seed: 11 })
  const lake = columnText({ name: 'v', type: nestedType, contractColumn: 'v', part: 'value' })
  const duckdb = duckdbType(nestedType)
  const list = values.map((value, index) => `(${index}, ${sqlOf(value)}::${duckdb})`).join(', ')
  const found = await query(() => `SELECT ${lake} FROM (VALUES ${list}) t(n, v) ORDER BY n`)
  const source = values.map((value) => (value === null ? null : nestedText(nestedType)(stringifyJson(value))))
  expect(found.map(([one]) => one)).toEqual(source)
  const distinct = new Set(values.map((value) => JSON.stringify(value)))
  expect(new Set(source).size).toBe(distinct.size)
  expect(distinct.size).toBeGreaterThan(20)
})

function sqlOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  if (Array.isArray(value)) return `[${value.map(sqlOf).join(', ')}]`
  return `{${Object.entries(value).map(([name, one]) => `'${name}': ${sqlOf(one)}`)}}`
}

test.each<[ColumnType, string, string]>([
  [{ kind: 'list', of: { kind: 'integer' } }, '[0:1]={1,2}', '![0:1]={1,2}'],
  [{ kind: 'list', of: { kind: 'decimal', precision: 4, scale: 1 } }, '[1.25]', '=!1.25,'],
  [{ kind: 'struct', fields: { a: { kind: 'integer' } } }, '(1)', '!(1)'],
  [{ kind: 'struct', fields: { a: { kind: 'integer' } } }, '{"a":{}}', '=!{},'],
])('G2: a value that %j cannot hold is marked, so that it differs', (type, source, marked) => {
  expect(nestedText(type)(source)).toBe(marked)
})
