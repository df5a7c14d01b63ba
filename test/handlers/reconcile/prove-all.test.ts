import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { formatPosition, loadPosition, parsePosition } from '../../../core/position.ts'
import {
  type SourceDatabase,
  type SourceServer,
  startSource,
  walEnd,
} from '../../engine/postgres/source-server.ts'
import { openReconcileFixture, type ReconcileFixture } from '../../engine/reconcile/reconcile-fixture.ts'
import { whole } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { metricOf } from '../built-handlers.ts'
import { proveFixture } from './prove-fixture.ts'

const contract = (name: string) =>
  table({
    name: `shop.${name}`,
    version: 1,
    owner: 'tests',
    description: 'Rows with a name that is masked',
    source: { system: 'tests', table: `public.${name}` },
    primaryKey: ['id'],
    unknownFields: 'drop',
    columns: {
      id: col.integer('Number of the row'),
      email: col.string('Mail', { pii: 'email', nullable: true }),
      note: col.string('Note', { nullable: true }),
    },
  })

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  const tables = ['anna', 'bert', 'carl'].map(
    (name) => `create table ${name} (id int primary key, email text, note text);
      insert into ${name} select i, 'zoe' || i || '@mail.example', 'note' from generate_series(1000, 1040) i;`,
  )
  /* What no encoding makes small. */
  const large = `insert into bert select i, null, string_agg(md5(random()::text), '') from generate_series(1, 300) i,
    generate_series(1, 30) group by i`
  database = await server.database(`${tables.join('')} ${large}`)
  lab = await openReconcileFixture(database, ['anna', 'bert', 'carl'].map(contract), 'prove_all')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

async function change(sql: string): Promise<void> {
  await database.client.query(sql)
  await lab.run.pipeline.reach(await walEnd(database.client), AbortSignal.timeout(60_000))
}

/* Neither keys nor values of rows. */
const ROWS = /zoe|mail\.example|note|10[0-4]\d/

test('G4 a source whose log ends before what was captured is not proven: it was restored', async () => {
  const { run, lines } = proveFixture(lab, await tempFolder())
  const { lsn } = parsePosition(lab.run.pipeline.raw.highest ?? loadPosition(1, 1n))
  const beyond = formatPosition({ epoch: 1, lsn: lsn + (1n << 32n), ordinal: 1, step: 0 })
  await expect(run({}, { captured: async () => beyond })).rejects.toMatchObject({ code: 'source/rewound' })
  expect(metricOf(lines, 'unequal')).toEqual({})
  /* Of an epoch that is over it says nothing. */
  expect(await run({}, { captured: async () => beyond.replace(/^0001/, '0000') })).toMatchObject({
    equal: true,
  })
})

test('G2 G7 tables are proven equal from copies that are gone afterwards, and nothing tells of rows', async () => {
  const folder = await tempFolder()
  const { run, lines, scratch } = proveFixture(lab, folder)
  await change(`update anna set note = 'other note' where id = 1003; delete from carl where id = 1004`)
  const answer = await run({})
  expect(answer).toMatchObject({ equal: true, failed: [], notBegun: [] })
  expect(answer.tables.map(({ table: name, sourceRows, lakeRows }) => [name, sourceRows, lakeRows])).toEqual([
    ['shop.anna', 41, 41],
    ['shop.bert', 341, 341],
    ['shop.carl', 40, 40],
  ])
  expect(await readdir(scratch)).toEqual(['work'])
  expect(await readdir(join(scratch, 'work'))).toEqual([])
  const kept = await readFile(join(folder, 'state/proofs.json'), 'utf8')
  expect(JSON.parse(kept)).toMatchObject({ tables: { 'shop.carl': { equal: true, lsn: answer.lsn } } })
  expect(`${JSON.stringify(answer.tables)}${kept}`.replace(/"lsn":"\d+"|"20[^"]*Z"/g, '')).not.toMatch(
    /zoe|note"/,
  )
  expect(JSON.stringify(lines.map(({ _aws, time, ...line }) => line))).not.toMatch(ROWS)
  expect(metricOf(lines, 'unequal')).toEqual({ '': 0 })
  expect(Object.keys(metricOf(lines, 'proofAge')).toSorted()).toEqual(['shop.anna', 'shop.bert', 'shop.carl'])
})

test('a table that does not fit into scratch is said to, and does not keep the others', async () => {
  const { run, lines } = proveFixture(lab, await tempFolder(), { maxBytes: 100_000 })
  const answer = await run({})
  expect(answer).toMatchObject({
    equal: false,
    tables: [
      { table: 'shop.anna', equal: true },
      { table: 'shop.carl', equal: true },
    ],
    failed: [
      { table: 'shop.bert', code: 'objects/too-large', message: expect.stringContaining('shop.bert v1') },
    ],
  })
  expect(metricOf(lines, 'unproven')).toEqual({ '': 1 })
})

test('G2 a difference is told by number, kind and column, and healed when that is asked for', async () => {
  const undo = await lab.tamper(
    'shop.anna',
    `* replace (CASE WHEN id = 1001 THEN 'wrong' ELSE note END AS note) from history where id <> 1002`,
  )
  const { run, lines } = proveFixture(lab, await tempFolder())
  const look = { waitMs: 0 }
  const found = await run({ tables: ['public.anna'] }, look)
  expect(found).toMatchObject({
    equal: false,
    tables: [
      { different: 2, kinds: { missing: 1, foreign: 0, changed: 1 }, columns: ['note'], healed: null },
    ],
  })
  expect(JSON.stringify(found.tables)).not.toMatch(/wrong|1001|1002/)
  expect(metricOf(lines, 'unequal')).toEqual({ '': 1 })
  const healed = await run({ tables: ['shop.anna'], heal: true }, look)
  expect(healed).toMatchObject({
    equal: true,
    tables: [{ different: 0, healed: { healed: 2, stillDifferent: 0, notPossible: 0 } }],
  })
  expect((await run({ tables: ['shop.anna'] })).equal).toBe(true)
  await undo()
})

whole('tables whose time did not come are named, and come first the next time', async () => {
  const folder = await tempFolder()
  const over = new AbortController()
  const { run, lines } = proveFixture(lab, folder, {
    onCopy: async (key) => {
      if (key.startsWith('lake/shop/bert')) over.abort()
    },
  })
  const first = await run({}, { deadline: () => over.signal })
  expect(first).toMatchObject({
    equal: false,
    tables: [{ table: 'shop.anna' }],
    failed: [{ table: 'shop.bert', code: 'proof/unfinished' }],
    notBegun: ['shop.carl'],
  })
  expect(metricOf(lines, 'notBegun')).toEqual({ '': 1 })
  const next = await proveFixture(lab, folder).run({})
  expect(next.tables.map(({ table: name }) => name)).toEqual(['shop.carl', 'shop.anna', 'shop.bert'])
  expect(next.equal).toBe(true)
})

whole('a file that a compaction takes away while a table is copied is looked for anew', async () => {
  let gone = 0
  const folder = await tempFolder()
  const { run } = proveFixture(lab, folder, {
    onCopy: async (key) => {
      if (gone > 0 || !key.includes('carl_v1_base')) return
      gone += 1
      await change(`insert into carl values (1900, null, null)`)
      await lab.run.compact()
      await rm(join(lab.dir, key), { force: true })
    },
  })
  expect(await run({ tables: ['shop.carl'] })).toMatchObject({ equal: true, failed: [] })
  expect(gone).toBe(1)
})

test.each([
  [{ table: ['shop.anna'] }, 'table'],
  [{ sample: 0 }, 'sample'],
  [{ sample: 5, since: '2h' }, 'sample and since'],
  [{ since: 'yesterday' }, 'since'],
  [{ tables: ['shop.nobody'] }, 'shop.nobody'],
])('an event that asks for something unknown is refused: %j', async (event, named) => {
  const { run } = proveFixture(lab, await tempFolder())
  await expect(run(event)).rejects.toMatchObject({
    code: 'usage/invalid',
    message: expect.stringContaining(named),
  })
})

whole('a sample, and keys that changed since a while ago, are what is asked for', async () => {
  const folder = await tempFolder()
  const { run, lines } = proveFixture(lab, folder)
  const [counts, at] = [{ sourceRows: 1, lakeRows: 1, different: 1, inQuarantine: 0 }, '2026-01-01T00:00:00Z']
  const differs = { equal: false, lsn: '1', at, way: 'streamed', sample: null, ...counts }
  await mkdir(join(folder, 'state'))
  const kept = JSON.stringify({ format: 1, tables: { 'shop.carl': differs } })
  await writeFile(join(folder, 'state/proofs.json'), kept)
  expect((await run({ sample: 10 })).tables).toMatchObject([
    { equal: true, scope: 'sample' },
    { equal: true, scope: 'sample' },
    { equal: true, scope: 'sample' },
  ])
  /* What the whole found, no sample takes back: the alarm goes on. */
  expect(metricOf(lines, 'unequal')).toEqual({ '': 1 })
  expect((await run({ tables: ['shop.carl'], since: '1h' })).tables).toMatchObject([{ scope: 'since' }])
})
