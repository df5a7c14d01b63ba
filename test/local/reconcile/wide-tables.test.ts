import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SourceDatabase, type SourceServer, startSource } from '../replicator/source-server.ts'
import { openLab, type ReconcileLab } from './reconcile-lab.ts'

const columnsOf = (count: number, type: string) =>
  Array.from({ length: count }, (_, index) => `c${index} ${type}`).join(', ')
const valuesOf = (count: number, value: string) => Array.from({ length: count }, () => value).join(', ')

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileLab

beforeAll(async () => {
  server = await startSource()
  database = await server.database(`
    create table most (id int primary key, ${columnsOf(1_599, 'int')});
    insert into most select i, ${valuesOf(1_599, 'i')} from generate_series(1, 5) i;
    create table instants (id int primary key, ${columnsOf(900, 'timestamptz')});
    insert into instants select i, ${valuesOf(900, `'2026-01-01 00:00:00.123456+00'`)} from generate_series(1, 3) i;`)
  lab = await openLab(database, [], 'tidemark_wide')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

test('a table of as many columns as PostgreSQL has room for is proven, told apart and healed', async () => {
  const undo = await lab.tamper('public.most', '* REPLACE (c1598 + 1 AS c1598) FROM history')
  const differs = await lab.proofOf('public.most')
  expect(differs).toMatchObject({ equal: false, different: 5, way: 'in the engines' })
  expect(differs.rows[0]?.columns.map(({ column }) => column)).toEqual(['c1598'])
  await undo()
  expect(await lab.proofOf('public.most')).toMatchObject({ equal: true, lakeRows: 5 })
})
