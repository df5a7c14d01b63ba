import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { col, type Table, table } from '../../core/contract/index.ts'
import { blockColumns } from '../../core/contract/language/lake-columns.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import type { HistoryFile } from '../../core/ports/ports.ts'
import { historyFields } from '../../lake/history/history-fields.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { tempFolder } from '../support/temp-folder.ts'

const typed = table({
  name: 't.typed',
  version: 1,
  owner: 'tests',
  description: 'One column of each type',
  source: { system: 'tests', table: 'public.typed' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: {
    id: col.bigint('Key'),
    i4: col.integer('Any', { nullable: true }),
    i2: col.smallint('Any', { nullable: true }),
    f8: col.double('Any', { nullable: true }),
    f4: col.real('Any', { nullable: true }),
    yes: col.boolean('Any', { nullable: true }),
    day: col.date('Any', { nullable: true }),
    ts: col.timestamp('Any', { nullable: true }),
    tsz: col.timestampMicros('Any', { nullable: true }),
    clock: col.time('Any', { nullable: true }),
    uid: col.uuid('Any', { nullable: true }),
    doc: col.json('Any', { nullable: true }),
    bytes: col.binary('Any', { nullable: true }),
    text: col.string('Any', { nullable: true }),
    money: col.decimal(38, 2, 'Any', { nullable: true }),
    kind: col.enum(['a', 'b'], 'Any', { nullable: true }),
    days: col.list({ kind: 'date' }, 'Any', { nullable: true }),
    sums: col.list({ kind: 'decimal', precision: 9, scale: 1 }, 'Any', { nullable: true }),
  },
})

/* Canonical values, and the text that DuckDB writes for them; a `timestampMicros` is two columns. */
const COLUMNS: readonly (readonly [value: LakeRow[number], ...texts: (string | null)[]][])[] = [
  [
    ['9223372036854775807', '9223372036854775807'],
    [-2147483648, '-2147483648'],
    [32767, '32767'],
    ['NaN', 'nan'],
    [Math.fround(1.1), '1.1'],
    [true, 'true'],
    ['0001-01-01', '0001-01-01'],
    [-62135596800000, '0001-01-01 00:00:00+00'],
    ['253402300799999999', '9999-12-31 23:59:59.999+00', '253402300799999999'],
    ['24:00:00', '24:00:00'],
    ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['{"a":1.10}', '{"a":1.10}'],
    ['00ff5c', '\\x00\\xFF\\x5C'],
    ['é \u0000😀', 'é \u0000😀'],
    ['123456789012345678901234567890123456.78', '123456789012345678901234567890123456.78'],
    ['a', 'a'],
    [['2024-02-29', null], '[2024-02-29, NULL]'],
    [['-0.1'], '[-0.1]'],
  ],
  [
    ['-9223372036854775808', '-9223372036854775808'],
    [2147483647, '2147483647'],
    [-32768, '-32768'],
    ['-0', '-0.0'],
    ['-Infinity', '-inf'],
    [false, 'false'],
    ['9999-12-31', '9999-12-31'],
    [-1, '1969-12-31 23:59:59.999+00'],
    ['-1', '1969-12-31 23:59:59.999+00', '-1'],
    ['00:00:00.000001', '00:00:00.000001'],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    ['null', 'null'],
    ['', ''],
    ['', ''],
    ['-0.01', '-0.01'],
    ['b', 'b'],
    [[], '[]'],
    [[null], '[NULL]'],
  ],
]
const EMPTY = typedNulls()

function typedNulls(): LakeRow {
  return [
    'delete',
    'p',
    0,
    null,
    null,
    null,
    '1',
    ...Object.keys(typed.columns)
      .slice(1)
      .map(() => null),
  ]
}

function header(of: Table, columns = blockColumns(of)) {
  return { table: of.name, version: of.version, columns }
}

function lines(rows: readonly (readonly unknown[])[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

function begin(of: Table): HistoryFile {
  const file = historyFiles([of])(of.name, of.version)
  if (file === undefined) throw new Error('no such table')
  return file
}

async function read(file: HistoryFile, select: string): Promise<readonly (readonly unknown[])[]> {
  const path = join(await tempFolder(), 'f.parquet')
  await writeFile(path, file.finish().parts)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`SET TimeZone = 'UTC'`)
  const reader = await connection.runAndReadAll(`SELECT ${select} FROM read_parquet('${path}')`)
  connection.closeSync()
  instance.closeSync()
  return reader.getRowsJson()
}

describe('a history file', () => {
  test('G6 holds every type exactly, at its extremes and null', async () => {
    const file = begin(typed)
    const rows = COLUMNS.map(
      (cells): LakeRow => ['insert', 'p', 0, 0, null, null, ...cells.map(([value]) => value)],
    )
    file.add(header(typed), lines([...rows, EMPTY]))
    const texts = COLUMNS.map((cells) => cells.flatMap(([, ...shown]) => shown))
    const nulls = ['1', ...(texts[0] ?? []).slice(1).map(() => null)]
    expect(await read(file, "COLUMNS(c -> NOT starts_with(c, '_'))::VARCHAR")).toEqual([...texts, nulls])
  })

  test('holds the system columns, and tells commit times and truncates', async () => {
    const file = begin(typed)
    const nulls = EMPTY.slice(6)
    file.add(
      header(typed),
      lines([
        ['insert', 'p1', 7, 1_700_000_000_123, ['a', 'b'], '{"x":1}', ...nulls],
        ['load', 'p2', 0, null, null, null, ...nulls],
        ['truncate', 'p3', 0, 1, null, null, ...nulls],
      ]),
    )
    const { rows, commits, truncates, bytes, parts } = file.finish()
    expect([rows, commits, truncates]).toEqual([3, [1_700_000_000_123, 1], ['p3']])
    expect(bytes).toBe(parts.reduce((sum, part) => sum + part.length, 0))
    const found = await read(
      { add: file.add, finish: () => ({ rows, bytes, parts, commits, truncates }) },
      `_op, _position, _revision, _committed_at::VARCHAR, _absent, _extra`,
    )
    expect(found).toEqual([
      ['insert', 'p1', 7, '2023-11-14 22:13:20.123+00', ['a', 'b'], '{"x":1}'],
      ['load', 'p2', 0, null, null, null],
      ['truncate', 'p3', 0, '1970-01-01 00:00:00.001+00', null, null],
    ])
  })

  test('takes blocks of an older contract: a column they lack is null, and order is by name', async () => {
    const file = begin(typed)
    file.add(header(typed, ['text', 'id']), lines([['insert', 'p', 0, 0, null, null, 'first', '1']]))
    file.add(
      header(typed, ['id', 'i4', 'text']),
      lines([['insert', 'p', 0, 0, null, null, '2', 5, 'second']]),
    )
    expect(await read(file, 'id, text, i4, kind')).toEqual([
      ['1', 'first', null, null],
      ['2', 'second', 5, null],
    ])
  })

  test('says in its metadata which table it is of', () => {
    const bytes = Buffer.concat(begin(typed).finish().parts)
    const { key_value_metadata } = parquetMetadata(new Uint8Array(bytes).buffer)
    expect(key_value_metadata).toEqual(
      expect.arrayContaining([
        { key: 'tidemark.table', value: 't.typed' },
        { key: 'tidemark.version', value: '1' },
      ]),
    )
  })

  test('is not begun for a table or version that nobody knows', () => {
    expect(historyFiles([typed])('t.typed', 2)).toBeUndefined()
    expect(historyFiles([typed])('t.other', 1)).toBeUndefined()
  })

  test.each([
    ['text that is no JSON', '[1,\n'],
    ['a row that is no array', '{"a":1}\n'],
    ['a row of fewer values than its header has columns', '["insert","p",0,0,null,null]\n'],
    ['a row of more values than its header has columns', '["insert","p",0,0,null,null,"1","2"]\n'],
    ['a last row that is cut off', '["insert","p",0,0,null,null,"1"]\n["insert","p",0,0,null,null,"2"]'],
    ['a value that its column cannot hold', '["insert","p",0,0,null,null,"9223372036854775808"]\n'],
    ['an operation that is null', '[null,"p",0,0,null,null,"1"]\n'],
  ])('G6 refuses %s', (_, text) => {
    const error = catchError(() => begin(typed).add(header(typed, ['id']), Buffer.from(text)))
    expect([SyntaxError, RangeError]).toContain(error?.constructor)
  })

  test('G6 refuses a day that is none, in a column and in a list', () => {
    for (const [name, value] of [
      ['day', '2024-02-30'],
      ['days', ['2024-13-01']],
    ] as const) {
      const rows = lines([['insert', 'p', 0, 0, null, null, '1', value]])
      expect(() => begin(typed).add(header(typed, ['id', name]), rows)).toThrow(RangeError)
    }
  })
})

function catchError(work: () => void): Error | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : undefined
  }
}

test('every file begins with these columns', () => {
  const text = { kind: 'string' }
  expect(historyFields([])).toEqual([
    { name: '_op', type: text, nullable: false },
    { name: '_position', type: text, nullable: false },
    { name: '_revision', type: { kind: 'int32' }, nullable: false },
    { name: '_committed_at', type: { kind: 'int64', logical: 'timestamp-millis' }, nullable: true },
    {
      name: '_absent',
      type: { kind: 'list', of: { name: 'element', type: text, nullable: false } },
      nullable: true,
    },
    { name: '_extra', type: text, nullable: true },
  ])
})
