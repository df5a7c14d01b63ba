import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runs } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'
import { openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

/* `big` is out of line, so an update does not bring it: it is looked for under the key, be that 0 or -0. */
const KEYS: Readonly<Record<string, string>> = {
  double: 'id float8 primary key',
  single: 'id float4 primary key',
  pair: `id float8, n int default 1, primary key (id, n)`,
}
const TABLES = Object.entries(KEYS).map(
  ([name, key]) => `create table ${name} (${key}, v text, big text);
    alter table ${name} alter big set storage external;
    insert into ${name} (id, v, big) values (0, 'z', repeat('big', 2000)), (1.5, 'one', repeat('a', 4000)), ('NaN', 'n', null);`,
)

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(
    `create type mood as enum ('a'); create table refused (id float8 primary key, m mood); ${TABLES.join('\n')}`,
  )
  lab = await openReconcileFixture(database, [], 'tidemark_zero')
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

const zero = fc.constantFrom('0', '-0')
const step = fc.oneof(
  { weight: 4, arbitrary: zero.map((id) => `update TABLE set id = '${id}' where id = 0`) },
  { weight: 2, arbitrary: zero.map((id) => `update TABLE set v = v || '.' where id = '${id}'`) },
  { weight: 1, arbitrary: zero.map((id) => `delete from TABLE where id = '${id}'`) },
  {
    weight: 2,
    arbitrary: zero.map(
      (id) =>
        `insert into TABLE (id, v, big) values ('${id}', 'new', repeat('b', 4000)) on conflict do nothing`,
    ),
  },
  { weight: 1, arbitrary: zero.map((id) => `update TABLE set id = '${id}' where id = 1.5`) },
)
const act = fc.oneof(
  { weight: 6, arbitrary: fc.array(step, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant('compact' as const) },
)

/** One transaction on each table; a step that meets a key that is taken is undone, and the others go on. */
async function change(steps: readonly string[]): Promise<void> {
  for (const name of Object.keys(KEYS)) {
    const tried = steps.map(
      (one) => `begin ${one.replace('TABLE', name)}; exception when unique_violation then null; end;`,
    )
    await database.client.query(`do $$ begin ${tried.join(' ')} end $$`)
  }
}

async function expectEqual(): Promise<void> {
  const { tables, failed } = await lab.prove({ tables: Object.keys(KEYS).map((name) => `public.${name}`) })
  expect(failed).toEqual([])
  expect(tables.map(({ table, differences }) => [table, differences])).toEqual(
    Object.keys(KEYS)
      .toSorted()
      .map((name) => [`public.${name}`, []]),
  )
}

test('G2 a key of 0 that becomes -0 is one key, and readers see the zero that the source has', async () => {
  await change([`update TABLE set id = '-0' where id = 0`, `update TABLE set v = 'neg' where id = 0`])
  await expectEqual()
  await lab.run.compact()
  await change([`update TABLE set v = 'again' where id = 0`])
  await expectEqual()
})

test('G2 whatever becomes of keys of 0 and -0, source and lake are equal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 2, maxLength: 6 }), async (acts) => {
      for (const one of acts) await (one === 'compact' ? lab.run.compact() : change(one))
      await expectEqual()
    }),
    { numRuns: runs(6), endOnFailure: true },
  )
})

test('the other zero in the lake is a row that differs, not one too many, and is healed', async () => {
  await change([`delete from TABLE where id = 0`, `insert into TABLE (id, v) values ('-0', 'x')`])
  await expectEqual()
  await lab.run.compact()
  await lab.tamper(
    'public.double',
    '* REPLACE (CASE WHEN id = 0 THEN 0::DOUBLE ELSE id END AS id) FROM history',
  )
  const found = await lab.proofOf('public.double')
  expect(found.differences).toMatchObject([{ key: '16:0000000000000000', kind: 'different' }])
  const healed = await lab.proofOf('public.double', { heal: true })
  expect(healed).toMatchObject({ equal: true, healed: { healed: 1, stillDifferent: 0 } })
})

test('a change in quarantine is of its key, whichever zero that is', async () => {
  await database.client.query(`alter type mood add value 'b'`)
  await database.client.query(`insert into refused values ('-0', 'b')`)
  const proof = await lab.proofOf('public.refused')
  expect(proof).toMatchObject({ differences: [], quarantinedKeys: ['16:0000000000000000'] })
})
