import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { closeClient, connectSource } from '../../../engine/postgres/connection/source-connection.ts'
import { checkUnchanged, enterSnapshot } from '../../../engine/postgres/copy/enter-snapshot.ts'
import { spread } from '../../support/budget.ts'
import { LoadFolder } from './load-files.ts'
import { refusal, type SourceDatabase, type SourceServer, startSource } from './source-server.ts'

let server: SourceServer
let database: SourceDatabase
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const TABLES = `
  create domain short as text;
  create table plain (id int primary key, a text, b text, n int, d short);
  insert into plain select i, 'a', 'b', i, 'd' from generate_series(1, 10) i;
  create table parted (id int, day int, v text, primary key (id, day)) partition by list (day);
  create table p1 partition of parted for values in (1);
  create table p2 partition of parted for values in (2) partition by list (day);
  create table p2_leaf partition of p2 for values in (2);
  insert into parted values (1, 1, 'x'), (2, 2, 'y');
  create table loose (id int not null, day int not null, v text);
  insert into loose values (3, 3, 'z');
  create table parent (id int primary key, v text);
  create table child () inherits (parent);
  insert into child values (1, 'c');`

/** What rewrites or redefines a table after a snapshot, so that its rows there cannot be read any more. */
const CHANGES: readonly (readonly [table: string, sql: string])[] = [
  ['plain', 'alter table plain alter n type bigint'],
  ['plain', 'alter table plain add r float default random()'],
  ['plain', 'alter table plain add c int default 7'],
  ['plain', 'alter table plain set unlogged'],
  ['plain', 'truncate plain; insert into plain select i from generate_series(1, 10) i'],
  ['plain', 'alter table plain drop b'],
  ['plain', 'alter table plain drop b; alter table plain add b text'],
  [
    'plain',
    'alter table plain rename a to z; alter table plain rename b to a; alter table plain rename z to b',
  ],
  ['plain', 'drop table plain; create table plain (id int primary key, a text, b text, n int, d short)'],
  ['plain', 'alter table plain rename to old; create table plain (like old)'],
  [
    'plain',
    'create table other (like plain); alter table plain rename to was; alter table other rename to plain',
  ],
  ['parted', 'alter table p2_leaf set unlogged'],
  ['parted', 'truncate p1'],
  ['parted', 'alter table parted attach partition loose for values in (3)'],
  ['parted', 'alter table parted detach partition p1'],
  ['parted', 'drop table p2'],
  ['parted', 'drop table p1; create table p1 partition of parted for values in (1)'],
  ['parted', 'alter table parted alter v type varchar(9)'],
  ['late', 'create table late (id int primary key)'],
]

/** What leaves every row where the snapshot finds it. */
const HARMLESS: readonly (readonly [table: string, sql: string])[] = [
  ['plain', 'insert into plain values (11); update plain set a = id::text; delete from plain where id = 1'],
  ['plain', 'create index on plain (a); alter table plain add check (id > 0); analyze plain'],
  ['plain', 'alter table plain alter a set not null; comment on table plain is $$x$$'],
  ['parted', 'insert into parted values (9, 1), (9, 2); create index on parted (v)'],
  ['parent', 'truncate child; alter table child add own int'],
]

/** Runs statements after a snapshot was taken, and gives what entering it for a table comes to. */
async function enteredAfter(table: string, sql: string, work?: (name: string) => Promise<void>) {
  const holder = await connectSource(database.source)
  const reader = await connectSource(database.source)
  try {
    await holder.query('begin isolation level repeatable read')
    const { rows } = await holder.query<{ name: string }>('select pg_export_snapshot() as name')
    const name = rows[0]?.name ?? ''
    await database.client.query(sql)
    if (work !== undefined) return await work(name)
    await enterSnapshot(reader, name, { schema: 'public', name: table })
    return undefined
  } finally {
    await closeClient(reader)
    await closeClient(holder)
  }
}

test.each(spread(CHANGES, 6))('a snapshot is too old for %s after: %s', async (table, sql) => {
  database = await server.database(TABLES)
  const { code, message } = await refusal(enteredAfter(table, sql))
  expect([code, message]).toEqual(['source/table-changed', expect.stringContaining(`public.${table} was`)])
})

test.each(spread(HARMLESS, 3))('a snapshot shows %s as it was after: %s', async (table, sql) => {
  database = await server.database(TABLES)
  await enteredAfter(table, sql)
})

test('rows that a command moved as they were are where the snapshot finds them, or it is refused', async () => {
  database = await server.database(TABLES)
  const refused = await refusal(enteredAfter('plain', 'vacuum full plain'))
  expect(refused.code).toBe('source/table-changed')
})

test('a partition that is attached while the snapshot reads is found when it is asked again', async () => {
  database = await server.database(TABLES)
  const table = { schema: 'public', name: 'parted' }
  const client = await connectSource(database.source)
  try {
    await client.query('begin isolation level repeatable read')
    await client.query('select 1')
    await checkUnchanged(client, table)
    await database.client.query('alter table parted attach partition loose for values in (3)')
    expect((await refusal(checkUnchanged(client, table))).code).toBe('source/table-changed')
  } finally {
    await closeClient(client)
  }
})

test('while the snapshot is read nobody rewrites the table or a partition of it', async () => {
  database = await server.database(TABLES)
  const reader = await connectSource(database.source)
  try {
    await reader.query('begin isolation level repeatable read')
    for (const name of ['plain', 'parted']) await checkUnchanged(reader, { schema: 'public', name })
    await database.client.query(`set lock_timeout = '20ms'`)
    for (const sql of ['truncate plain', 'truncate p1', 'alter table p2_leaf set unlogged', 'drop table p2'])
      await expect(database.client.query(sql)).rejects.toMatchObject({ code: '55P03' })
  } finally {
    await database.client.query('reset lock_timeout')
    await closeClient(reader)
  }
})

test('a table that somebody keeps locked is named, with the SQL that finds who', async () => {
  database = await server.database(TABLES)
  const owner = await connectSource(database.source)
  const reader = await connectSource(database.source)
  try {
    const { rows } = await database.client.query<{ pid: number }>('select pg_backend_pid() as pid')
    for (const [table, locked] of [
      ['plain', 'plain'],
      ['parted', 'p2_leaf'],
    ] as const) {
      await owner.query('begin isolation level repeatable read')
      const snapshot = await owner.query<{ name: string }>('select pg_export_snapshot() as name')
      await database.client.query(`begin; lock table ${locked} in access exclusive mode`)
      const name = { schema: 'public', name: table }
      const error = await refusal(enterSnapshot(reader, snapshot.rows[0]?.name ?? '', name, 30))
      expect(error.code).toBe('source/table-busy')
      const found = await owner.query<{ pid: number }>(error.message.slice(error.message.indexOf('SELECT')))
      expect(found.rows.map(({ pid }) => pid)).toEqual([rows[0]?.pid])
      await database.client.query('rollback')
      await owner.query('rollback')
      await reader.query('rollback')
    }
  } finally {
    await closeClient(owner)
    await closeClient(reader)
  }
})

test('a load in a snapshot that is too old writes nothing and says so', async () => {
  database = await server.database(TABLES)
  const [table] = await readSourceCatalog(database.client, ['public.plain'])
  const folder = await LoadFolder.open()
  const { code } = await refusal(
    enteredAfter('plain', 'alter table plain alter n type bigint', async (snapshotName) => {
      await folder.write(database.source, table, { snapshotName })
    }),
  )
  expect([code, await folder.keys()]).toEqual(['source/table-changed', []])
})
