import { afterAll, beforeAll, expect, test } from 'vitest'
import { col, table } from '../../../core/contract/index.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../replicator/source-server.ts'
import { keys, openLab, type ReconcileLab } from './reconcile-lab.ts'

const letters = table({
  ...{ name: 'hr.letters', version: 1, owner: 'tests', description: 'Rows of a test', unknownFields: 'drop' },
  ...{ source: { system: 'tests', table: 'public.letters' }, primaryKey: ['id'] },
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
let lab: ReconcileLab

beforeAll(async () => {
  server = await startSource()
  database = await server.database(`
    create table letters (id int primary key, n int not null, text text);
    alter table letters alter text set storage external;
    insert into letters select i, i, 'short ' || i from generate_series(1, 4) i`)
  lab = await openLab(database, [letters], 'tidemark_letters')
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
  }
  /* A change that sends the value makes up for it, and a damaged row without such a past is one. */
  await write(`update letters set text = 'again' where id = 22`)
  expect((await lab.proofOf('hr.letters')).quarantinedKeys).toEqual(keys(1))
  const undo = await lab.tamper(
    'hr.letters',
    `* REPLACE (CASE WHEN id = 3 THEN 'damaged' ELSE text END AS text) FROM history`,
  )
  expect(await lab.proofOf('hr.letters')).toMatchObject({ equal: false, different: 1 })
  await undo()
})
