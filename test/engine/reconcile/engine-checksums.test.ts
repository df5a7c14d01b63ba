import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { nestedText } from '../../../engine/reconcile/checksum/nested-text.ts'
import { sourceColumns } from '../../../engine/reconcile/source/source-columns.ts'
import { readLayout } from '../../../engine/reconcile/source/source-layout.ts'
import { checksumsSql, SourceSide } from '../../../engine/reconcile/source/source-side.ts'
import { runs } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { ALL_TYPES, soundRows } from './all-types.ts'
import { openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

/* The source's columns are not always of the contract's own type. */
const mixed = table({
  name: 't.mixed',
  version: 1,
  owner: 'tests',
  description: 'Columns of every type',
  source: { system: 'tests', table: 'public.mixed' },
  primaryKey: ['id', 'word'],
  unknownFields: 'quarantine',
  columns: {
    id: col.bigint('Key'),
    word: col.string('Key'),
    whole: col.integer('Number', { nullable: true }),
    ratio: col.double('Float', { nullable: true }),
    share: col.real('Float', { nullable: true }),
    widened: col.double('Of a float4', { nullable: true }),
    price: col.decimal(12, 2, 'Money', { nullable: true }),
    loose: col.decimal(30, 4, 'Of a numeric of its own scale', { nullable: true }),
    flag: col.boolean('Flag', { nullable: true }),
    day: col.date('Day', { nullable: true }),
    clock: col.time('Time', { nullable: true }),
    at: col.timestamp('Instant', { nullable: true }),
    exact: col.timestampMicros('Instant', { nullable: true }),
    naive: col.timestampMicros('Instant', { nullable: true }),
    bytes: col.binary('Bytes', { nullable: true }),
    uid: col.uuid('Id', { nullable: true }),
    doc: col.json('Document', { nullable: true }),
    words: col.list({ kind: 'string' }, 'Words', { nullable: true }),
    ratios: col.list({ kind: 'double' }, 'Floats', { nullable: true }),
    counts: col.list({ kind: 'bigint' }, 'Numbers', { nullable: true }),
    moments: col.list({ kind: 'timestamp' }, 'Instants', { nullable: true }),
    blobs: col.list({ kind: 'binary' }, 'Bytes', { nullable: true }),
    yes: col.list({ kind: 'boolean' }, 'Flags', { nullable: true }),
    sums: col.list({ kind: 'decimal', precision: 12, scale: 3 }, 'Decimals', { nullable: true }),
  },
})

const TYPES = `id bigint, word varchar(40), whole int, ratio float8, share float4, widened float4, price numeric(12,2),
  loose numeric, flag boolean, day date, clock time, at timestamptz, exact timestamptz, naive timestamp, bytes bytea, uid uuid,
  doc jsonb, words text[], ratios float8[], counts bigint[], moments timestamptz[], blobs bytea[], yes boolean[], sums numeric[]`

const hostile = fc.constantFrom(
  'a',
  'é',
  '😀',
  ',',
  '\\',
  '"',
  "'",
  '{',
  '}',
  '\n',
  '\t',
  ':',
  '-',
  '=',
  ' ',
  '%',
)
const word = fc.string({ unit: hostile, maxLength: 6 })
const bits = fc.oneof(fc.double(), fc.constantFrom(-0, 5e-324, 1e308, Number.NaN, Number.POSITIVE_INFINITY))
const single = bits.map(Math.fround)
const digits = (scale: number) =>
  fc.bigInt(-(10n ** 9n), 10n ** 9n).map((value) => `${value}${scale === 0 ? '' : `e-${scale}`}`)
const micros = fc.bigInt(-62_135_596_800_000_000n, 253_402_300_799_999_999n).map((value) => {
  const rest = ((value % 1_000n) + 1_000n) % 1_000n
  const iso = new Date(Number((value - rest) / 1_000n)).toISOString()
  return `${iso.slice(0, -1)}${String(rest).padStart(3, '0')}Z`
})
const float = (of: fc.Arbitrary<number>) => of.map((value) => (Object.is(value, -0) ? '-0' : String(value)))
const hex = fc.uint8Array({ maxLength: 6 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)
const list = (of: fc.Arbitrary<string | boolean>) => fc.array(fc.option(of), { maxLength: 4 })
const row = fc.record({
  whole: fc.option(fc.integer()),
  ratio: fc.option(float(bits)),
  share: fc.option(float(single)),
  widened: fc.option(float(single)),
  price: fc.option(digits(2)),
  loose: fc.option(fc.nat(4).chain(digits)),
  flag: fc.option(fc.boolean()),
  day: fc.option(micros.map((iso) => iso.slice(0, 10))),
  clock: fc.option(micros.map((iso) => iso.slice(11, -1))),
  at: fc.option(micros),
  exact: fc.option(micros),
  naive: fc.option(micros.map((iso) => iso.slice(0, -1))),
  bytes: fc.option(hex),
  uid: fc.option(fc.uuid()),
  doc: fc.option(fc.json({ maxDepth: 1 })),
  words: fc.option(list(word)),
  ratios: fc.option(list(float(bits))),
  counts: fc.option(list(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String))),
  moments: fc.option(list(micros)),
  blobs: fc.option(list(hex)),
  yes: fc.option(list(fc.boolean())),
  sums: fc.option(list(digits(3))),
})

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(
    `create table mixed (${TYPES}, primary key (id, word)); ${ALL_TYPES}${soundRows(1)}
     create table odd (id int primary key, grid int[], pairs pair[], high int[]);
     insert into odd values (1, '{{1,2},{3,4}}', array[row(null, null)::pair, null, row(1, 'a,"b')::pair], '[0:1]={1,2}')`,
  )
  lab = await openReconcileFixture(database, [mixed], 'tidemark_checksums')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

async function sideOf(name: string) {
  const contract = lab.run.tables.find((one) => one.source.table === name)
  if (contract === undefined) throw new Error(`no contract of ${name}`)
  const layout = await readLayout(database.client, name)
  const columns = sourceColumns(contract, layout, lab.run.pipeline.maskKey)
  return {
    contract,
    layout,
    columns,
    side: new SourceSide(database.client, columns, AbortSignal.timeout(60_000)),
  }
}

test('G2 the checksums of arbitrary rows are the same in PostgreSQL, in this process and in DuckDB', async () => {
  let id = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(word, row), { minLength: 20, maxLength: 40 }), async (rows) => {
      const named = rows.map(([text, values]) => {
        id += 1
        return { id, word: text, ...values }
      })
      for (const values of named) {
        const columns = Object.keys(values).map((name) => `"${name}"`)
        const places = columns.map((_, index) => `$${index + 1}`)
        await database.client.query(
          `insert into mixed (${columns.join(', ')}) values (${places.join(', ')})`,
          Object.values(values),
        )
      }
      const { columns, side } = await sideOf('public.mixed')
      expect(side.way).toBe('in the engines')
      const sums = await side.checksums({ kind: 'all' })
      /* With texts that PostgreSQL joins, with each column finished here, and with every other one. */
      for (const isHere of [() => false, () => true, (index: number) => index % 2 === 1]) {
        const some = columns.columns.map((column, index) =>
          isHere(index) ? { ...column, finish: (text: string) => text } : column,
        )
        const keys = some.filter(({ isKey }) => isKey)
        const isKeyInSql = keys.every(({ finish }) => finish === undefined)
        const streamed = new SourceSide(
          database.client,
          { ...columns, columns: some, keys, isRowInSql: false, isKeyInSql },
          AbortSignal.timeout(60_000),
        )
        expect(await streamed.checksums({ kind: 'all' })).toEqual(sums)
      }
      const proof = await lab.proofOf('t.mixed')
      expect(proof.rows).toEqual([])
      expect(proof).toMatchObject({ equal: true, quarantinedKeys: [], way: 'in the engines', lakeRows: id })
    }),
    { numRuns: runs(5) },
  )
})

test('PostgreSQL writes the text of an array as this process would make it of what is printed', async () => {
  for (const name of ['public.lists', 'public.odd', 'public.mixed']) {
    const { contract, columns, side } = await sideOf(name)
    const lists = columns.columns.filter(({ lake }) => lake.type.kind === 'list')
    const printed = lists.map(({ lake }) => `"${lake.name}"::text`)
    let rows = 0
    await side.rows(
      { kind: 'all' },
      (_key, texts, view) => {
        rows += 1
        for (const [index, { lake, finish }] of lists.entries()) {
          const place = columns.columns.length + index
          const text = view.kind(place) === 0 ? null : nestedText(lake.type)(view.text(place))
          expect(finish, lake.name).toBe(undefined)
          expect(
            texts[columns.columns.findIndex((one) => one.lake === lake)],
            `${contract.name} ${lake.name}`,
          ).toBe(text)
        }
      },
      undefined,
      printed,
    )
    expect(rows).toBeGreaterThan(0)
  }
})

test('G9 PostgreSQL plans for as few groups as there are buckets, however many rows there are', async () => {
  await database.client.query(
    `create table many (id bigint primary key, at timestamptz, amount numeric(12,2), word text);
     insert into many select n, now(), n, 'word' from generate_series(1, 60000) n; analyze many`,
  )
  const layout = await readLayout(database.client, 'public.many')
  const [found] = await readSourceCatalog(database.client, ['public.many'])
  if (found === undefined) throw new Error('no table')
  const columns = sourceColumns(inferTable(found, { system: 'tests' }), layout, lab.run.pipeline.maskKey)
  const { rows } = await database.client.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(
    `EXPLAIN (FORMAT json) ${checksumsSql(columns)}`,
  )
  const nodes = rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => nodesOf(Plan)))
  const sums = nodes.filter((node) => node['Node Type'] === 'Aggregate')
  expect(sums.length).toBeGreaterThan(0)
  for (const sum of sums) expect(sum['Plan Rows']).toBeLessThan(4_096)
})

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Plan Rows': number
  readonly Plans?: readonly PlanNode[]
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)]
}

test('tables of every inferred type are compared in the engines', async () => {
  const { tables } = await lab.prove()
  expect(tables.filter(({ way }) => way === 'streamed').map((proof) => proof.table)).toEqual([])
  expect(tables.filter(({ equal }) => !equal).map((proof) => proof.table)).toEqual([])
})

test('a bucket or some keys are the same rows in every way', async () => {
  for (const name of ['public.mixed', 'public.keyed', 'public.scalars']) {
    const { columns, side } = await sideOf(name)
    const streamed = new SourceSide(
      database.client,
      { ...columns, isRowInSql: false, isKeyInSql: false },
      AbortSignal.timeout(60_000),
    )
    const found: string[] = []
    await side.rows({ kind: 'all' }, (key) => found.push(key))
    const keys = new Set([...found.filter((_, index) => index % 3 === 0), '7:no\\"one', '1:x1:y'])
    const buckets = [...(await side.checksums({ kind: 'all' })).keys()].filter((_, index) => index % 2 === 0)
    for (const selection of [{ kind: 'keys', keys } as const, { kind: 'buckets', buckets } as const]) {
      const some: string[] = []
      const same: string[] = []
      await side.rows(selection, (key) => some.push(key))
      await streamed.rows(selection, (key) => same.push(key))
      expect(some.toSorted()).toEqual(same.toSorted())
      expect(some.length).toBeGreaterThan(0)
    }
  }
})
