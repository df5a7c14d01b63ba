import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { runs } from '../../support/budget.ts'
import { columnTypes, LoadFolder } from './load-files.ts'
import { type SourceDatabase, type SourceServer, startSource } from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

/* What COPY, CSV or SQL gives a meaning, between arbitrary characters. PostgreSQL has no NUL. */
const piece = fc.constantFrom(
  ...['\\', '\\\\', '\\N', '\\.', '\\n', '\\b', '\\v', '\n', '\r', '\r\n', '\t', '\b', '\v', '\f'],
  ...[
    '"',
    "'",
    '""',
    ',',
    ';',
    '#',
    ' ',
    '',
    '\uFEFF',
    '\u2028',
    '\x01',
    '\x7f',
    '😀',
    'e\u0301',
    'NULL',
    'x',
  ],
)
const anyText = fc
  .oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  .map((text) => text.replaceAll('\0', ''))

/* One row for each given value, in one file; gives what is read back, by row. */
async function loaded(
  database: SourceDatabase,
  folder: LoadFolder,
  columns: Readonly<Record<string, readonly (string | null)[]>>,
) {
  const { client, source } = database
  const names = Object.keys(columns)
  const [table] = (await readSourceCatalog(client)).filter(({ name }) => name === 't')
  const types = new Map(
    /* A cast to `character` would be one to a single character. */
    table?.columns.map(({ name, type }) => [name, type === 'character' ? 'bpchar' : type]),
  )
  const lists = names.map((_, index) => `$${index + 1}::text[]`)
  const values = names.map((name) => `v.${name}::${types.get(name)}`)
  await client.query('truncate t')
  await client.query(
    `insert into t select v.at, ${values.join(', ')}
     from unnest(${lists.join(', ')}) with ordinality as v(${names.join(', ')}, at)`,
    names.map((name) => columns[name]),
  )
  /* A snapshot without a slot: cheaper, and nothing follows. */
  await client.query('begin isolation level repeatable read')
  const { rows } = await client.query<{ name: string }>('select pg_export_snapshot() as name')
  const written = folder.write(source, table, { snapshotName: rows[0]?.name ?? '' })
  await written.finally(() => client.query('commit'))
  const file = await folder.first()
  return {
    rows: file.rows.toSorted((a, b) => Number(a['at']) - Number(b['at'])),
    types: columnTypes(file.metadata),
  }
}

describe('a value of a full load', () => {
  test('is any text, exactly', async () => {
    const database = await server.database(
      'create table t (at bigint primary key, a text, b varchar, c character(20), j json)',
    )
    const folder = await LoadFolder.open()
    const texts = fc.array(fc.option(anyText, { freq: 8 }), { minLength: 1, maxLength: 150 })
    await fc.assert(
      fc.asyncProperty(texts, async (a) => {
        const short = a.map((text) => (text === null ? null : [...text].slice(0, 15).join('')))
        const json = a.map((text) => (text === null ? null : JSON.stringify(text)))
        const { rows } = await loaded(database, folder, { a, b: a, c: short, j: json })
        expect(rows.map((row) => row['a'])).toEqual(a)
        expect(rows.map((row) => row['b'])).toEqual(a)
        expect(rows.map((row) => row['c'])).toEqual(short.map((text) => text?.replace(/ +$/, '') ?? null))
        expect(rows.map((row) => row['j'])).toEqual(json)
      }),
      { numRuns: runs(25) },
    )
  })

  test('is any double or real, to the bit', async () => {
    const database = await server.database(
      'create table t (at bigint primary key, d double precision, r real)',
    )
    const folder = await LoadFolder.open()
    const edges = [-0, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, Number.MAX_VALUE]
    const pairs = fc.array(fc.tuple(fc.oneof(fc.double(), fc.constantFrom(...edges)), fc.float()), {
      minLength: 1,
      maxLength: 500,
    })
    await fc.assert(
      fc.asyncProperty(pairs, async (values) => {
        /* String drops the sign of zero. */
        const text = (value: number) => (Object.is(value, -0) ? '-0' : String(value))
        const d = values.map(([double]) => double)
        const r = values.map(([, real]) => real)
        const { rows, types } = await loaded(database, folder, { d: d.map(text), r: r.map(text) })
        expect([types['d'], types['r']]).toEqual(['DOUBLE/', 'FLOAT/'])
        expect(rows.every((row, index) => Object.is(row['d'], d[index]))).toBe(true)
        expect(rows.every((row, index) => Object.is(row['r'], r[index]))).toBe(true)
      }),
      { numRuns: runs(25) },
    )
  })

  test('is any integer, decimal, instant, day or bytes, exactly', async () => {
    const database = await server.database(
      'create table t (at bigint primary key, i bigint, n numeric(18,3), ts timestamptz, d date, y bytea, b boolean)',
    )
    const folder = await LoadFolder.open()
    const year = {
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }
    const row = fc.record({
      i: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      /* The reader's decimals are doubles: 15 digits. */
      n: fc.integer({ min: -999_999_999, max: 999_999_999 }),
      at: fc.date(year),
      micros: fc.integer({ min: 0, max: 999 }),
      y: fc.uint8Array({ maxLength: 20 }),
      b: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 200 }), async (given) => {
        const instant = (at: Date, micros: number) =>
          `${at.toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`
        const { rows } = await loaded(database, folder, {
          i: given.map(({ i }) => String(i)),
          n: given.map(({ n }) => `${n}e-3`),
          ts: given.map(({ at, micros }) => instant(at, micros)),
          d: given.map(({ at }) => at.toISOString().slice(0, 10)),
          y: given.map(({ y }) => `\\x${Buffer.from(y).toString('hex')}`),
          b: given.map(({ b }) => String(b)),
        })
        const read = rows.map(({ i, n, ts, d, y, b }) => ({
          i,
          n: Math.round(Number(n) * 1000),
          ts,
          d,
          y,
          b,
        }))
        expect(read).toEqual(
          given.map(({ i, n, at, micros, y, b }) => ({
            i,
            n: n + 0,
            y,
            b,
            ts: BigInt(at.getTime()) * 1000n + BigInt(micros),
            d: Math.floor(at.getTime() / 86_400_000),
          })),
        )
      }),
      { numRuns: runs(20) },
    )
  })

  test('may be some megabytes long', async () => {
    const database = await server.database(`create table t (at bigint primary key, a text, y bytea);
      insert into t select i, repeat(E'ab\\\\\\n' || i, 150000 * i), decode(repeat('00ff', 500000), 'hex') from generate_series(1, 4) i`)
    const folder = await LoadFolder.open()
    const [table] = await readSourceCatalog(database.client)
    await folder.write(database.source, table)
    const { rows } = await folder.first()
    expect(
      rows.map(({ a }) => a === `ab\\\n${String(a)[4]}`.repeat(String(a).length / 5)).every(Boolean),
    ).toBe(true)
    expect(rows.map(({ a }) => String(a).length).toSorted((a, b) => a - b)).toEqual(
      [1, 2, 3, 4].map((i) => 750_000 * i),
    )
    expect(rows.every(({ y }) => y instanceof Uint8Array && y.length === 1_000_000)).toBe(true)
  })
})
