import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { whole } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { keys, openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

const letters = table({
  name: 'hr.letters',
  version: 1,
  owner: 'tests',
  description: 'Rows of a test',
  unknownFields: 'drop',
  source: { system: 'tests', table: 'public.letters' },
  primaryKey: ['id'],
  columns: {
    id: col.integer('Key'),
    n: col.integer('Never negative', { min: 0 }),
    text: col.string('Large', { nullable: true }),
  },
})

/* Out of line and incompressible: an update that leaves it alone does not send it. */
const LARGE = `(select string_agg(md5(i || 'salt'), '') from generate_series(1, 300) i)`

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(`
    create table letters (id int primary key, n int not null, text text);
    alter table letters alter text set storage external;
    insert into letters select i, i, 'short ' || i from generate_series(1, 4) i`)
  lab = await openReconcileFixture(database, [letters], 'tidemark_letters')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

test('G2 a change in quarantine explains the value that later changes did not send, under later keys and in base too', async () => {
  const write = (sql: string) => database.client.query(sql)
  await write(`update letters set n = -1, text = ${LARGE} where id in (1, 2)`)
  await write('update letters set n = 5 where id in (1, 2)')
  await write('update letters set id = 12 where id = 2')
  await write('update letters set id = 22, n = 6 where id = 12')
  for (const isCompacted of [false, true]) {
    if (isCompacted) await lab.run.compact()
    const proof = await lab.proofOf('hr.letters')
    expect(proof).toMatchObject({ equal: true, different: 0 })
    expect(proof.quarantinedKeys.toSorted()).toEqual(keys(1, 22))
    expect(proof.heldBackKeys.toSorted()).toEqual(keys(1, 22))
    /* Nor the old text beside the new number: a row that the source never had. */
    expect(await shown('id < 30')).toEqual([
      [3, 3, 7],
      [4, 4, 7],
    ])
  }
  /* A change that sends the value makes up for it, and a damaged row without such a past is one. */
  await write(`update letters set text = 'again' where id = 22`)
  expect((await lab.proofOf('hr.letters')).quarantinedKeys).toEqual(keys(1))
  expect(await shown('id = 22')).toEqual([[22, 6, 5]])
  const undo = await lab.tamper(
    'hr.letters',
    `* REPLACE (CASE WHEN id = 3 THEN 'damaged' ELSE text END AS text) FROM history`,
  )
  expect(await lab.proofOf('hr.letters')).toMatchObject({ equal: false, different: 1 })
  await undo()
})

whole(
  'G2 a row that only a change in quarantine has whole is held back, never shown with a null, until the row comes',
  async () => {
    const write = (sql: string) => database.client.query(sql)
    await write(`insert into letters values (31, -1, ${LARGE}), (41, -1, ${LARGE})`)
    await write('update letters set n = 5 where id in (31, 41)')
    await write('update letters set id = 32, n = 6 where id = 31')
    for (const isCompacted of [false, true]) {
      if (isCompacted) await lab.run.compact()
      const proof = await lab.proofOf('hr.letters')
      expect(proof).toMatchObject({ equal: true, different: 0 })
      expect(proof.quarantinedKeys.toSorted()).toEqual(keys(1, 32, 41))
      expect(proof.heldBackKeys.toSorted()).toEqual(keys(1, 32, 41))
      expect(await shown('id > 30')).toEqual([])
    }
    await write(`update letters set n = 8 where id = 41`)
    const { rows } = await database.client.query(
      'delete from letters where id = 41 returning id, length(text) as size',
    )
    await write(`insert into letters values (41, 9, 'small')`)
    expect(rows).toEqual([{ id: 41, size: 9_600 }])
    expect((await lab.proofOf('hr.letters')).quarantinedKeys.toSorted()).toEqual(keys(1, 32))
    expect(await shown('id > 30')).toEqual([[41, 9, 5]])
    await write(`update letters set text = text || '' where id = 32`)
    expect((await lab.proofOf('hr.letters')).quarantinedKeys).toEqual(keys(1))
    expect(await shown('id > 30')).toEqual([
      [32, 6, 9_600],
      [41, 9, 5],
    ])
  },
)

test('G2 a change that waits counts as quarantined and not as landed, and history does not show its mark', async () => {
  const write = (sql: string) => database.client.query(sql)
  const before = await balance()
  await write(`insert into letters values (51, 1, 'a'), (52, -1, 'b')`)
  await write(`update letters set n = -2 where id = 51`)
  /* A refused change that is the newest leaves the row before it as it was. */
  await lab.proofOf('hr.letters')
  expect(await shown('id > 50')).toEqual([[51, 1, 1]])
  expect(await balance()).toEqual([before[0] + 3, before[1] + 1, before[2] + 2, 0])
  expect(await query('SELECT _op, n FROM hr.letters_history WHERE id > 50')).toEqual([['insert', 1]])
})

async function balance(): Promise<readonly [number, number, number, number]> {
  const { tables } = await lab.run.status()
  const found = tables.find(({ table }) => table === 'hr.letters')?.balance
  if (found === null || found === undefined) throw new Error('no balance')
  return [found.captured, found.landed, found.quarantined, found.missing]
}

function shown(where: string): Promise<readonly unknown[]> {
  return query(`SELECT id, n, length("text")::INTEGER FROM hr.letters WHERE ${where} ORDER BY id`)
}

async function query(sql: string): Promise<readonly unknown[]> {
  const entries = await lab.run.pipeline.catalog.entries()
  const session = await LakeSession.open({ folder: lab.dir, entries })
  const found: unknown[] = []
  for await (const rows of (await session.query(sql)).batches) found.push(...rows)
  session.close()
  return found
}
