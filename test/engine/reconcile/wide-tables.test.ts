import { afterAll, beforeAll, expect, test } from 'vitest'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { sourceColumns } from '../../../engine/reconcile/source/source-columns.ts'
import { readLayout } from '../../../engine/reconcile/source/source-layout.ts'
import { SourceSide } from '../../../engine/reconcile/source/source-side.ts'
import { isWhole } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

const columnsOf = (count: number, type: string) =>
  Array.from({ length: count }, (_, index) => `c${index} ${type}`).join(', ')
const valuesOf = (count: number, value: string) => Array.from({ length: count }, () => value).join(', ')

/* As many as PostgreSQL has room for beside a key, when everything is taken whole. */
const MOST = isWhole() ? 1_599 : 250
const LAST = `c${MOST - 1}`

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(`
    create table most (id int primary key, ${columnsOf(MOST, 'int')});
    insert into most select i, ${valuesOf(MOST, 'i')} from generate_series(1, 5) i;
    create schema beside; create table beside.instants (id int primary key, ${columnsOf(850, 'timestamptz')});
    insert into beside.instants (id, ${columnsOf(850, '')})
      select i, NULL, ${valuesOf(849, `'2026-01-01 00:00:00.123456+00'`)} from generate_series(1, 2) i;`)
  lab = await openReconcileFixture(database, [], 'tidemark_wide')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

test('a table of as many columns as PostgreSQL has room for is told apart by column, and healed', async () => {
  await lab.tamper('public.most', `* REPLACE (${LAST} + 1 AS ${LAST}) FROM history`)
  const proof = await lab.proofOf('public.most', { heal: true })
  expect(proof.rows[0]?.columns.map(({ column }) => column)).toEqual([LAST])
  expect(proof).toMatchObject({ equal: true, way: 'in the engines', lakeRows: 5, healed: { healed: 5 } })
}, 240_000)

test('rows of columns that are two each in the lake come whole, though PostgreSQL sends fewer at once', async () => {
  const { client } = database
  const [found] = await readSourceCatalog(client, ['beside.instants'])
  if (found === undefined) throw new Error('no table')
  const contract = inferTable(found, { system: 'tests' })
  const layout = await readLayout(client, 'beside.instants')
  const columns = sourceColumns(contract, layout, lab.run.pipeline.maskKey)
  expect(columns.columns).toHaveLength(1_701)
  const side = new SourceSide(client, columns, AbortSignal.timeout(60_000))
  const rows: unknown[] = []
  await side.rows(
    { kind: 'all' },
    (key, texts, view, at) => rows.push([key, new Set(texts.slice(1)), view.text(at)]),
    undefined,
    ['c849 IS NULL'],
  )
  const texts = new Set(['2026-01-01 00:00:00.123', '2026-01-01 00:00:00.123456', null])
  expect(rows).toEqual([
    ['1:1', texts, 'f'],
    ['1:2', texts, 'f'],
  ])
})
