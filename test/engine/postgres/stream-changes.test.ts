import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StreamOptions } from '../../../engine/postgres/stream/stream-changes.ts'
import {
  collect,
  envelope,
  prepare,
  type SourceDatabase,
  type SourceServer,
  startSource,
  summary,
} from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const PEOPLE = `
  create table people (id int primary key, name text, note text);
  alter table people alter column note set storage external;`
const LONG = 'x'.repeat(9_000)

/* Runs the statements one by one against a live slot and gives back what the stream said. */
async function streamed(
  database: SourceDatabase,
  statements: readonly string[],
  options: Partial<StreamOptions> = {},
) {
  const { tables } = await prepare(database, `slot_${database.name}`)
  const stream = collect(database, tables, { slot: `slot_${database.name}`, ...options })
  for (const statement of statements) await database.client.query(statement)
  await stream.caughtUp(database.client)
  await stream.stop()
  return stream.records
}

describe('row changes', () => {
  test('each kind has the envelope of DMS', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      `insert into people values (1, 'Ada', null), (2, '', 'x')`,
      `update people set name = 'Bea' where id = 1`,
      'delete from people where id = 1',
    ])
    expect(summary(records)).toEqual([
      ['insert', { id: 1, name: 'Ada', note: null }],
      ['insert', { id: 2, name: '', note: 'x' }],
      ['update', { id: 1, name: 'Bea', note: null }],
      ['delete', { id: 1, name: null, note: null }],
    ])
    expect(records.map((record) => envelope(record)['before-image'])).toEqual([
      undefined,
      undefined,
      {},
      undefined,
    ])
    expect(records.map((record) => record.partitionKey)).toEqual([
      'public.people.1',
      'public.people.2',
      'public.people.1',
      'public.people.1',
    ])
  })

  test('the metadata has every field of a DMS task, in its order, on one line', async () => {
    const records = await streamed(await server.database(PEOPLE), [`insert into people values (1), (2)`])
    const text = records[1]?.data.toString() ?? ''
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`
    expect(text).toMatch(
      new RegExp(
        `^\\{"data":\\{.*\\},"metadata":\\{"timestamp":"${time}","record-type":"data","operation":"insert",` +
          `"partition-key-type":"primary-key","partition-key-value":"public.people.2","schema-name":"public",` +
          `"table-name":"people","transaction-id":\\d+,"transaction-record-id":2,"prev-transaction-id":\\d+,` +
          `"prev-transaction-record-id":1,"commit-timestamp":"${time}",` +
          `"stream-position":"([0-9A-F]{8}/[0-9A-F]{8})\\.2\\.\\1"\\}\\}\\n$`,
      ),
    )
    expect(records[0]?.data.toString()).not.toContain('prev-')
  })

  test('an update of the key carries the old key before it', async () => {
    const database = await server.database(
      'create table badge (zone text, id int, holder text, primary key (id, zone))',
    )
    const records = await streamed(database, [
      `insert into badge values ('north', 1, 'Ada')`,
      `update badge set zone = 'south' where id = 1`,
    ])
    const update = records[1]
    expect(update && envelope(update)).toMatchObject({
      data: { zone: 'south', id: 1, holder: 'Ada' },
      'before-image': { zone: 'north', id: 1 },
    })
    expect(update?.partitionKey).toBe('public.badge.1.south')
  })

  test('an unchanged TOAST value is absent, not null', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      `insert into people values (1, 'Ada', '${LONG}')`,
      `update people set name = 'Bea'`,
      'update people set id = 2',
      'update people set note = null',
    ])
    expect(summary(records).slice(1)).toEqual([
      ['update', { id: 1, name: 'Bea' }],
      ['update', { id: 2, name: 'Bea' }],
      ['update', { id: 2, name: 'Bea', note: null }],
    ])
  })

  test('replica identity full gives the unchanged TOAST value, and a before-image of the key only', async () => {
    const database = await server.database(`${PEOPLE} alter table people replica identity full`)
    const records = await streamed(database, [
      `insert into people values (1, 'Ada', '${LONG}')`,
      `update people set name = 'Bea'`,
      `update people set id = 2`,
      'delete from people',
    ])
    expect(summary(records).slice(1)).toEqual([
      ['update', { id: 1, name: 'Bea', note: LONG }],
      ['update', { id: 2, name: 'Bea', note: LONG }],
      ['delete', { id: 2, name: null, note: null }],
    ])
    expect(records.slice(1, 3).map((record) => envelope(record)['before-image'])).toEqual([{}, { id: 1 }])
  })

  test('a key that is stored out of line is in every update', async () => {
    const database = await server.database(`
      create table doc (id text primary key, state text, body text);
      alter table doc alter column id set storage external`)
    const key = 'k'.repeat(2_500)
    const records = await streamed(database, [
      `insert into doc values ('${key}', 'new', null)`,
      `update doc set state = 'old'`,
    ])
    expect(summary(records)[1]).toEqual(['update', { id: key, state: 'old', body: null }])
    expect(records[1] && envelope(records[1])['before-image']).toEqual({})
    expect(records[1]?.partitionKey).toHaveLength(256)
    expect(records[1]?.partitionKey).toBe(records[0]?.partitionKey)
  })

  test('changes of a partition are changes of its root', async () => {
    const database = await server.database(`
      create table shift (day date, id int, primary key (day, id)) partition by range (day);
      create table shift_2024 partition of shift for values from ('2024-01-01') to ('2025-01-01');
      create table shift_2025 (id int not null, day date not null);
      alter table shift attach partition shift_2025 for values from ('2025-01-01') to ('2026-01-01')`)
    const records = await streamed(database, [
      `insert into shift values ('2024-05-01', 1), ('2025-05-01', 2)`,
      `delete from shift where id = 2`,
    ])
    expect(summary(records)).toEqual([
      ['insert', { day: '2024-05-01', id: 1 }],
      ['insert', { day: '2025-05-01', id: 2 }],
      ['delete', { day: '2025-05-01', id: 2 }],
    ])
    expect(new Set(records.map((record) => envelope(record).metadata['table-name']))).toEqual(
      new Set(['shift']),
    )
  })

  test('names with quotes, blanks, dots and accents come through', async () => {
    const database = await server.database(`
      create schema "Ré""s"; create table "Ré""s"."a.b c" ("i d" int primary key, "n""é" text)`)
    const records = await streamed(database, [`insert into "Ré""s"."a.b c" values (1, 'é"\\')`])
    expect(summary(records)).toEqual([['insert', { 'i d': 1, 'n"é': 'é"\\' }]])
    expect(records[0] && envelope(records[0]).metadata).toMatchObject({
      'schema-name': 'Ré"s',
      'table-name': 'a.b c',
      'partition-key-value': 'Ré"s.a.b c.1',
    })
  })
})

describe('transactions', () => {
  test('what was rolled back, wholly or to a savepoint, is invisible', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      'begin; insert into people values (1); rollback',
      `begin; insert into people values (2); savepoint s; insert into people values (3);
       rollback to s; insert into people values (4); release s; commit`,
    ])
    expect(summary(records).map(([, data]) => data)).toMatchObject([{ id: 2 }, { id: 4 }])
    expect(records.map((record) => envelope(record).metadata['transaction-record-id'])).toEqual([1, 2])
  })

  test('a change keeps its ordinal when the stream leaves other tables out', async () => {
    const database = await server.database(`${PEOPLE} create table other (id int primary key)`)
    const { tables } = await prepare(database, 'ordinal')
    const people = tables.filter((table) => table.name === 'people')
    const stream = collect(database, people, { slot: 'ordinal' })
    await database.client.query(
      'begin; insert into other values (1), (2); insert into people values (9); commit',
    )
    await stream.caughtUp(database.client)
    await stream.stop()
    expect(
      stream.records.map((record) => [
        record.partitionKey,
        envelope(record).metadata['transaction-record-id'],
      ]),
    ).toEqual([['public.people.9', 3]])
  })

  test('a truncate is one control record for each table, in its place in the transaction', async () => {
    const database = await server.database(`${PEOPLE} create table other (id int primary key)`)
    const records = await streamed(database, [
      'begin; insert into people values (1); truncate people, other; insert into people values (2); commit',
    ])
    const rows = records.map((record) => envelope(record).metadata)
    expect(rows.map((row) => row['operation'])).toEqual([
      'insert',
      'truncate-table',
      'truncate-table',
      'insert',
    ])
    expect(rows.map((row) => row['transaction-record-id'])).toEqual([1, 2, 3, 4])
    expect(rows.slice(1, 3).map((row) => row['table-name'])).toEqual(['people', 'other'])
    expect(String(rows[1]?.['stream-position'])).toMatch(/^[0-9A-F]{8}\/[0-9A-F]{8}\.2\./)
    expect(rows[1]?.['partition-key-type']).toBe('task-id')
  })

  test('a transaction that came from another origin is like any other', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      `select pg_replication_origin_create('elsewhere')`,
      `select pg_replication_origin_session_setup('elsewhere')`,
      `begin; select pg_replication_origin_xact_setup('0/1234', now()); insert into people values (1); commit`,
      `select pg_replication_origin_session_reset()`,
      `select pg_replication_origin_drop('elsewhere')`,
    ])
    expect(summary(records)).toEqual([['insert', { id: 1, name: null, note: null }]])
  })
})

describe('changes of a table', () => {
  const operations = (records: Awaited<ReturnType<typeof streamed>>) =>
    records.map((record) => envelope(record).metadata['operation'])

  test('an added, a dropped and a changed column are announced before the first row that has them', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      'insert into people values (1)',
      'alter table people add column pay numeric(8,2) not null default 0',
      'insert into people (id, pay) values (2, 1.50)',
      'alter table people drop column note',
      'alter table people alter column id type bigint',
      'insert into people (id) values (3)',
    ])
    expect(operations(records)).toEqual([
      'insert',
      'add-column',
      'insert',
      'drop-column',
      'column-type-change',
      'insert',
    ])
    expect(records[1] && envelope(records[1]).control).toEqual({
      'table-def': {
        columns: {
          id: { type: 'INT32', nullable: false },
          name: { type: 'STRING', nullable: true },
          note: { type: 'STRING', nullable: true },
          pay: { type: 'DECIMAL', precision: 8, scale: 2, nullable: false },
        },
        'primary-key': ['id'],
      },
    })
    expect(records[5]?.data.toString()).toContain('{"data":{"id":3,"name":null,"pay":0.00}')
  })

  /* Each statement is read before the next one is run, or all are run before the first is read. */
  async function read(
    statements: readonly string[],
    { sql = PEOPLE, key = 'id', isBacklog = false },
  ): Promise<readonly unknown[]> {
    const database = await server.database(sql)
    const { tables } = await prepare(database, `slot_${database.name}`)
    const open = () => collect(database, tables, { slot: `slot_${database.name}`, keysOf: () => [[key]] })
    const first = isBacklog ? undefined : open()
    for (const statement of statements) {
      await database.client.query(statement)
      await first?.caughtUp(database.client)
    }
    const stream = first ?? open()
    await stream.caughtUp(database.client)
    await stream.stop()
    return operations(stream.records)
  }

  test('a renamed column is that and nothing else, of the key too, beside others that changed', async () => {
    const sql = `create table staff (gone int, id int primary key, name text, note text);
      alter table staff drop column gone`
    const statements = [
      'alter table staff rename name to called',
      `insert into staff values (2, 'Bea')`,
      'alter table staff rename id to nr; alter table staff alter nr type bigint; alter table staff drop column note',
      'delete from staff where nr = 1; delete from staff',
    ]
    expect(await read(statements, { sql })).toEqual([
      ...['rename-column', 'insert', 'rename-column', 'drop-column', 'column-type-change', 'delete'],
    ])
  })

  test('a column that has lost its name again when it is read is no certain rename', async () => {
    const statements = [
      'alter table people rename name to called',
      'insert into people values (1)',
      'alter table people rename called to named',
    ]
    expect(await read(statements, { isBacklog: true })).toEqual(['add-column', 'drop-column', 'insert'])
  })

  test('two columns that swapped their names are other ones', async () => {
    const statements = [
      `alter table people rename name to aside; alter table people rename note to name;
        alter table people rename aside to note`,
      'insert into people values (1)',
    ]
    expect(await read(statements, {})).toEqual(['other-column', 'insert'])
  })

  test('columns of types that were made meanwhile have the form of their base type', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      `create domain level as numeric(4,1); create domain rank as level; create type mood as enum ('low', 'high')`,
      'alter table people add column rank rank, add column mood mood, add column flags bool[]',
      `insert into people values (1, null, null, 2.5, 'low', '{t,f}')`,
    ])
    expect(records[1]?.data.toString()).toContain('"rank":2.5,"mood":"low","flags":"{t,f}"}')
    expect(records[0] && envelope(records[0]).control).toMatchObject({
      'table-def': { columns: { rank: { type: 'DECIMAL', precision: 4, scale: 1 } } },
    })
  })

  test('a renamed table is the same table under its new name', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      'alter table people rename to staff',
      'insert into staff values (1)',
    ])
    expect(operations(records)).toEqual(['rename-table', 'insert'])
    expect(records[1]?.partitionKey).toBe('public.staff.1')
  })

  test('another primary key is the key from then on', async () => {
    const records = await streamed(await server.database(PEOPLE), [
      `insert into people values (1, 'Ada')`,
      'alter table people drop constraint people_pkey, add primary key (name)',
      `update people set name = 'Bea'`,
    ])
    expect(operations(records)).toEqual(['insert', 'change-columns', 'update'])
    expect(records[2] && envelope(records[2])['before-image']).toEqual({ name: 'Ada' })
    expect(records[2]?.partitionKey).toBe('public.people.Bea')
  })

  test('a primary key that is dropped and made again is that of before', async () => {
    const statements = [
      'alter table people drop constraint people_pkey',
      `insert into people values (1, 'Ada')`,
      'alter table people add primary key (id)',
      `insert into people values (2, 'Bea')`,
    ]
    const records = await streamed(await server.database(PEOPLE), statements, { keysOf: () => [['id']] })
    expect(operations(records)).toEqual([
      ...['change-columns', 'replica-identity', 'insert', 'key-returned', 'insert'],
    ])
  })
})
