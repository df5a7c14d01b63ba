import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FailureCode } from '../../../core/failures/failures.ts'
import { parseAnswer, parseAsked } from '../../../core/operations/operations.ts'
import { type Proof, type ReconcileDeps, reconcile } from '../../../engine/reconcile/reconcile.ts'
import { whole } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource, until } from '../postgres/source-server.ts'
import { keys, openReconcileFixture, type ReconcileFixture } from './reconcile-fixture.ts'

/* Each table is altered by one test, while the lab runs on. */
const TABLES = `
  create table a_first (id int primary key, v text); insert into a_first select i, 'v' from generate_series(1, 50) i;
  create table retyped (id int primary key, n int); insert into retyped select i, i from generate_series(1, 100) i;
  create table emptied (id int primary key, n int); insert into emptied select i, i from generate_series(1, 20) i;
  create table parted (id int, day int, primary key (id, day)) partition by list (day);
  create table parted_1 partition of parted for values in (1); insert into parted select i, 1 from generate_series(1, 9) i;
  create table later (id int not null, day int not null); insert into later values (1, 2), (2, 2);
  alter table later add primary key (id, day);
  create table swapped (id int primary key, a text, b text); insert into swapped values (1, 'a', 'b');
  create table rekeyed (id int primary key, v text); insert into rekeyed values (1, 'x');
  create table dropped (id int primary key); create table renamed (id int primary key);
  create table viewed (id int primary key); create table sequenced (id int primary key);
  create table moved (id int primary key); create table hidden (id int primary key);
  create table closed (id int primary key); create table locked (id int primary key);
  create table busy (id int primary key, n int); insert into busy values (1, 1);
  create schema "app.v2"; create table "app.v2".users (id int primary key); insert into "app.v2".users values (1), (2), (3);
  create type mood as enum ('a'); create table slow (id int primary key, v mood); insert into slow values (1, 'a');
  create table z_last (id int primary key, v text); insert into z_last select i, 'v' from generate_series(1, 50) i;`

let server: SourceServer
let database: SourceDatabase
let lab: ReconcileFixture

beforeAll(async () => {
  server = await startSource()
  database = await server.database(TABLES)
  lab = await openReconcileFixture(database, [], 'tidemark_own_proof', ['public.*', '"app.v2".*'])
})

afterAll(async () => {
  await lab.close()
  await server.stop()
})

/** A proof of tables of `public`, with statements that run at the source between its snapshot and the first reading. */
async function proofAfter(
  sql: string,
  names: readonly string[],
  more: Partial<ReconcileDeps> & { readonly heal?: boolean } = {},
): Promise<Proof> {
  const tables = names.map((name) => (name.includes('.') ? name : `public.${name}`))
  const deps = lab.deps({ tables, heal: more.heal })
  let looks = 0
  return reconcile({
    ...deps,
    ...more,
    reach: async (lsn) => {
      await deps.reach(lsn)
      looks += 1
      if (looks === 1) await database.client.query(sql)
    },
  })
}

const equalOnes = ({ tables }: Proof) => tables.filter(({ equal }) => equal).map(({ table }) => table)

test('G2 what was rewritten after the snapshot is read in a newer one, and nothing of it is healed away', async () => {
  const proof = await proofAfter(
    'alter table retyped alter n type bigint; truncate emptied',
    ['a_first', 'retyped', 'emptied', 'z_last'],
    { heal: true },
  )
  expect(proof).toMatchObject({
    equal: true,
    failed: [],
    tables: [
      { table: 'public.a_first', asOf: proof.asOf },
      { table: 'public.emptied', sourceRows: 0, lakeRows: 0, healed: null },
      { table: 'public.retyped', sourceRows: 100, lakeRows: 100, healed: null },
      { table: 'public.z_last', sourceRows: 50 },
    ],
  })
  for (const { table, asOf } of proof.tables)
    expect([table, asOf > proof.asOf]).toEqual([table, table !== 'public.a_first'])
})

test('G2 rows of a partition that is attached after the snapshot are found missing as of later, and healed', async () => {
  const attach = 'alter table parted attach partition later for values in (2)'
  const proof = await proofAfter(attach, ['parted'], { heal: true })
  expect(proof.tables).toMatchObject([{ equal: true, sourceRows: 11, healed: { healed: 2 } }])
  const detached = await proofAfter('alter table parted detach partition later', ['parted'], { heal: true })
  expect(detached.tables).toMatchObject([{ equal: true, sourceRows: 9, healed: { healed: 2 } }])
})

whole(
  'a partition that is attached while its table is compared is no reason to send or to report anything',
  async () => {
    const deps = lab.deps({ tables: ['public.parted'] })
    let opened = 0
    const proof = await reconcile({
      ...deps,
      lake: {
        open: async (...asked) => {
          const table = await deps.lake.open(...asked)
          opened += 1
          /* In the snapshot, after it was checked: a partition does not wait for those who read. */
          if (opened === 1)
            await database.client.query('alter table parted attach partition later for values in (2)')
          return table
        },
      },
    })
    expect(opened).toBe(2)
    expect(proof.tables).toMatchObject([{ equal: false, sourceRows: 11, different: 2 }])
    expect(proof.tables[0]?.asOf).not.toBe(proof.asOf)
    await database.client.query('alter table parted detach partition later')
  },
)

whole('names that two columns changed after the snapshot are those of the newer one', async () => {
  const swap =
    'alter table swapped rename a to c; alter table swapped rename b to a; alter table swapped rename c to b'
  const proof = await proofAfter(swap, ['swapped'])
  expect(proof.tables).toMatchObject([
    { different: 1, rows: [{ columns: [{ source: 'b' }, { source: 'a' }] }] },
  ])
})

test('a table that is altered again and again is given up after a few readings, and the others are compared', async () => {
  const deps = lab.deps({ tables: ['public.busy', 'public.z_last'] })
  let looks = 0
  const proof = await reconcile({
    ...deps,
    reach: async (lsn) => {
      await deps.reach(lsn)
      looks += 1
      await database.client.query(`alter table busy alter n type ${looks % 2 === 0 ? 'int' : 'bigint'}`)
    },
  })
  expect([looks, equalOnes(proof)]).toEqual([3, ['public.z_last']])
  expect(proof.failed).toMatchObject([{ table: 'public.busy', code: 'source/table-changed' }])
})

const FAILING: readonly (readonly [name: string, sql: string, code: FailureCode, message: string])[] = [
  ['rekeyed', 'alter table rekeyed rename id to t_id', 'proof/no-key', 'no column id any more'],
  ['dropped', 'drop table dropped', 'source/table-gone', 'public.dropped is not in the source any more'],
  [
    'viewed',
    'drop table viewed; create view viewed as select 1 as id',
    'source/table-gone',
    'public.viewed is',
  ],
  [
    'sequenced',
    'drop table sequenced; create sequence sequenced',
    'source/table-gone',
    'public.sequenced is',
  ],
  ['renamed', 'alter table renamed rename to other', 'source/table-gone', 'public.renamed is not'],
  [
    'moved',
    'create schema away; alter table moved set schema away',
    'source/table-gone',
    'public.moved is not',
  ],
  [
    'hidden',
    'alter table hidden enable row level security; alter table hidden force row level security',
    'source/privilege',
    'row security hides rows of it: ALTER ROLE "prover" BYPASSRLS;',
  ],
  [
    'closed',
    'revoke select on closed from prover',
    'source/privilege',
    'GRANT SELECT ON "public"."closed" TO "prover";',
  ],
]

test.each(FAILING)('%s, after %s, fails alone', async (name, sql, code, message) => {
  const source = await asProver()
  const proof = await proofAfter(sql, ['a_first', name, 'z_last'], { source })
  expect(equalOnes(proof)).toEqual(['public.a_first', 'public.z_last'])
  expect(proof.failed).toMatchObject([
    { table: `public.${name}`, code, message: expect.stringContaining(message) },
  ])
  expect(proof.equal).toBe(false)
})

test('a table that a migration keeps locked fails alone, with the SQL that finds who', async () => {
  const proof = await proofAfter(
    'begin; lock table locked in access exclusive mode',
    ['a_first', 'locked', 'z_last'],
    {
      lockMs: 50,
    },
  ).finally(() => database.client.query('rollback'))
  expect(equalOnes(proof)).toEqual(['public.a_first', 'public.z_last'])
  expect(proof.failed).toMatchObject([
    {
      table: 'public.locked',
      code: 'source/table-busy',
      message: expect.stringContaining('pg_stat_activity'),
    },
  ])
})

whole('a schema with a dot is compared', async () => {
  const proof = await proofAfter('select 1', ['"app.v2".users'])
  expect(proof).toMatchObject({ equal: true, tables: [{ sourceRows: 3 }] })
})

test('a proof whose snapshot is lost goes on in another one', async () => {
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidemark snapshot'`
  const proof = await proofAfter(end, ['a_first', 'swapped', 'z_last'])
  expect(proof.failed).toMatchObject([{ table: 'public.a_first', code: 'source/unreachable' }])
  expect(proof.tables.map(({ table }) => table)).toEqual(['public.swapped', 'public.z_last'])
})

test('when the time is over the statement ends at the source, and the tables that are left are named', async () => {
  const over = new AbortController()
  const deps = lab.deps({ tables: ['public.a_first', 'public.slow', 'public.z_last'] })
  const running = `select from pg_stat_activity where application_name = 'tidemark reconcile' and state = 'active' and query ~ 'slow'`
  await database.client.query(`create function slowly(mood) returns text language plpgsql as
    'begin perform pg_sleep(60); return $1; end'; create cast (mood as text) with function slowly(mood)`)
  const atSource = async () => (await database.client.query(running)).rows.length
  const proving = reconcile({ ...deps, signal: over.signal })
  await until(async () => (await atSource()) > 0)
  over.abort(new DOMException('The time is over', 'TimeoutError'))
  const proof = await proving
  await until(async () => (await atSource()) === 0)
  expect(equalOnes(proof)).toEqual(['public.a_first'])
  expect(proof.failed).toEqual([
    {
      table: 'public.slow',
      code: 'proof/unfinished',
      message: expect.stringMatching(
        /^public\.slow was not compared in time: the source was summing its rows for \d+ s/,
      ),
    },
    { table: 'public.z_last', code: 'proof/unfinished', message: 'no time was left for it' },
  ])
})

test('when somebody stops the work the proof ends with that reason', async () => {
  const stop = new AbortController()
  const reason = new Error('told to stop')
  const deps = lab.deps({ tables: ['public.a_first'] })
  const stopped = reconcile({ ...deps, signal: stop.signal, onTable: () => stop.abort(reason) })
  await expect(stopped).rejects.toBe(reason)
})

test('each table is told once it is proven, in their order', async () => {
  const told: string[] = []
  const onProven = ({ table }: { readonly table: string }) => void told.push(table)
  const { tables } = await reconcile({ ...lab.deps(), onProven })
  expect(told.length).toBeGreaterThan(1)
  expect(told).toEqual(tables.map(({ table }) => table))
})

test('healing what another process found answers with what it could not heal', async () => {
  const asked = { 'public.z_last': keys(1), 'public.dropped': keys(1) }
  const operation = { kind: 'heal', keys: asked }
  expect(parseAsked({ operation, contracts: {} })).toEqual({ operation, contracts: {} })
  const healed = await lab.healKeys(asked)
  /* It is sent from one process to another. */
  expect(parseAnswer('heal', JSON.parse(JSON.stringify(healed)))).toMatchObject({
    tables: [{ table: 'public.z_last', different: 0 }],
    failed: [{ table: 'public.dropped', code: 'source/table-gone' }],
  })
})

/** A role that may read every table. */
async function asProver() {
  await database.client.query(`
    do $$ begin
      if not exists (select from pg_roles where rolname = 'prover') then
        create role prover login replication password 'prover';
        grant usage on schema public to prover; grant select on all tables in schema public to prover;
      end if; end $$`)
  const url = new URL(database.source.url)
  url.username = 'prover'
  url.password = 'prover'
  return { url: url.href }
}
