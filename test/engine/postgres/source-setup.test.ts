import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSourceCatalog, type SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { closeClient, connectSource } from '../../../engine/postgres/connection/source-connection.ts'
import { ensurePublication, publishTables } from '../../../engine/postgres/rules/ensure-publication.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { LoadFolder } from './load-files.ts'
import {
  asReader,
  collect,
  envelope,
  openClient,
  PUBLICATION,
  refusal,
  type SourceDatabase,
  type SourceServer,
  startSource,
} from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

const ITEM = 'create table item (id int primary key);'

describe('the publication', () => {
  const published = async (database: SourceDatabase) => {
    const { rows } = await database.client.query(
      'select tablename from pg_publication_tables where pubname = $1 order by 1',
      [PUBLICATION],
    )
    return rows.map((row) => row.tablename)
  }

  test('holds the given tables and grows by new ones, never by others', async () => {
    const database =
      await server.database(`${ITEM} create table a (id int primary key); create table b (id int primary key);
      create table parent (id int primary key); create table child (primary key (id)) inherits (parent)`)
    const tables = await readSourceCatalog(database.client, ['public.a', 'public.parent'])
    await ensurePublication(database.client, PUBLICATION, tables)
    expect(await published(database)).toEqual(['a', 'parent'])
    const more = await readSourceCatalog(database.client, ['public.b'])
    await ensurePublication(database.client, PUBLICATION, more)
    await ensurePublication(database.client, PUBLICATION, more)
    expect(await published(database)).toEqual(['a', 'b', 'parent'])
  })

  test('of another owner is refused with the SQL for its owner', async () => {
    const database = await server.database(`${ITEM} create publication ${PUBLICATION}`)
    const tables = await readSourceCatalog(database.client)
    const client = await connectSource(await asReader(database, ''))
    const error = await refusal(ensurePublication(client, PUBLICATION, tables))
    expect(error.code).toBe('source/publication')
    await database.client.query(/: (BEGIN; .*;)$/.exec(error.message)?.[1] ?? 'no SQL in the message')
    await ensurePublication(client, PUBLICATION, tables)
    await closeClient(client)
  })

  test('does not grow by a table that a transaction has written to, and names that transaction', async () => {
    const database = await server.database(`${ITEM} create table a (id int primary key)`)
    await ensurePublication(
      database.client,
      PUBLICATION,
      await readSourceCatalog(database.client, ['public.a']),
    )
    const more = await readSourceCatalog(database.client, ['public.item'])
    const writer = await openClient(database.source)
    await writer.query('begin; insert into item values (1)')
    const error = await refusal(publishTables(database.client, PUBLICATION, more, 50))
    expect(error.code).toBe('source/table-busy')
    const { rows } = await database.client.query(
      /: (SELECT .*;)$/.exec(error.message)?.[1] ?? 'no SQL in the message',
    )
    expect(rows).toEqual([expect.objectContaining({ pid: expect.any(Number), state: 'idle in transaction' })])
    expect(await published(database)).toEqual(['a'])
    await closeClient(writer)
    await publishTables(database.client, PUBLICATION, more)
    expect(await published(database)).toEqual(['a', 'item'])
  })

  test.each([
    ['an operation', `create publication ${PUBLICATION} for table item with (publish = 'insert, update')`],
    ['a column', `create publication ${PUBLICATION} for table item (id)`],
    [
      'nothing but has generated columns too',
      `create publication ${PUBLICATION} for table item with (publish_generated_columns = stored)`,
    ],
    ['some rows', `create publication ${PUBLICATION} for table item where (id > 1)`],
    ['partitions under their root', `create publication ${PUBLICATION} for table item, part`],
  ])('that leaves out %s is refused with the SQL that mends it', async (_, statement) => {
    const database = await server.database(`create table item (id int primary key, name text);
      create table part (id int primary key) partition by range (id); ${statement}`)
    const tables = await readSourceCatalog(database.client)
    const error = await refusal(ensurePublication(database.client, PUBLICATION, tables))
    expect(error.code).toBe('source/publication')
    await database.client.query(/: (ALTER .*;)$/.exec(error.message)?.[1] ?? 'no SQL in the message')
    await ensurePublication(database.client, PUBLICATION, tables)
  })
})

describe('the catalog', () => {
  test('describes columns, keys, types and comments', async () => {
    const database = await server.database(`
      create schema workforce;
      create type workforce.shift_status as enum ('open', 'closed');
      create domain workforce.hours as numeric(6,2) not null;
      create table workforce.shifts (
        note varchar(40), id bigint, day date, status workforce.shift_status not null, tags text[],
        worked workforce.hours, twice bigint generated always as (id * 2) stored, primary key (day, id) include (note));
      alter table workforce.shifts drop column tags;
      alter table workforce.shifts add column marks int[][], add column span tstzrange;
      comment on table workforce.shifts is 'Who works when';
      comment on column workforce.shifts.day is 'The day it starts'`)
    const [table] = await readSourceCatalog(database.client, ['workforce.*'])
    expect(table).toMatchObject({
      schema: 'workforce',
      name: 'shifts',
      key: ['day', 'id'],
      replicaIdentity: 'default',
      isPartitioned: false,
      comment: 'Who works when',
    })
    expect(table?.columns.map(({ typeOid, baseTypeOid, typeModifier, ...column }) => column)).toEqual([
      {
        name: 'note',
        position: 1,
        type: 'character varying',
        kind: 'base',
        length: 40,
        notNull: false,
        isGenerated: false,
      },
      {
        name: 'id',
        position: 2,
        type: 'bigint',
        kind: 'base',
        notNull: true,
        keyPosition: 2,
        isGenerated: false,
      },
      {
        name: 'day',
        position: 3,
        type: 'date',
        kind: 'base',
        notNull: true,
        keyPosition: 1,
        comment: 'The day it starts',
        isGenerated: false,
      },
      {
        name: 'status',
        position: 4,
        type: 'workforce.shift_status',
        kind: 'enum',
        notNull: true,
        enumValues: ['open', 'closed'],
        isGenerated: false,
      },
      {
        name: 'worked',
        position: 6,
        type: 'workforce.hours',
        kind: 'domain',
        elementType: 'numeric',
        precision: 6,
        scale: 2,
        notNull: false,
        isGenerated: false,
      },
      {
        name: 'marks',
        position: 8,
        type: 'integer[]',
        kind: 'array',
        elementType: 'integer',
        notNull: false,
        isGenerated: false,
      },
      { name: 'span', position: 9, type: 'tstzrange', kind: 'range', notNull: false, isGenerated: false },
    ])
  })

  test('calls a column not null only where no stored value can be null', async () => {
    const database = await server.database(`create domain amount as int not null;
      create table item (id int primary key, a amount, b int, c int not null);
      insert into item values (1, (select 1::amount where false), null, 1);
      alter table item add constraint b_held not null b not valid`)
    const [table] = await readSourceCatalog(database.client)
    const notNull = table?.columns.filter((column) => column.notNull).map(({ name }) => name)
    expect(notNull).toEqual(['id', 'c'])
    const { rows } = await database.client.query('select a, b from item')
    expect(rows).toEqual([{ a: null, b: null }])
    await database.client.query('update item set b = 1; alter table item validate constraint b_held')
    const [validated] = await readSourceCatalog(database.client)
    expect(validated?.columns.find(({ name }) => name === 'b')?.notNull).toBe(true)
  })

  test('leaves out partitions, views, unlogged and temporary tables', async () => {
    const database = await server.database(`${ITEM}
      create table part (id int primary key) partition by range (id);
      create table part_1 partition of part for values from (0) to (10);
      create view seen as select 1 as id; create unlogged table fast (id int primary key);
      create temporary table brief (id int primary key)`)
    const tables = await readSourceCatalog(database.client)
    await database.client.query('drop table brief')
    expect(tables.map((table) => [table.name, table.isPartitioned])).toEqual([
      ['item', false],
      ['part', true],
    ])
  })
})

describe('a snapshot', () => {
  test('and the stream after it hold every change of a busy table exactly once', async () => {
    const database = await server.database('create table counter (id int primary key, n int not null)')
    const [table] = await readSourceCatalog(database.client)
    const tables = [table as SourceTable]
    await ensurePublication(database.client, PUBLICATION, tables)
    let writing = true
    let inserted = 0
    const write = async (writer: number) => {
      const client = await openClient(database.source)
      for (let round = 0; writing; round += 1) {
        const id = round * 4 + writer
        await client.query(`begin; insert into counter values (${id}, 1)`)
        await client.query(`update counter set n = n + 1 where id = ${id - 4 * (round % 7)}`)
        await client.query(round % 5 === 4 ? 'rollback' : 'commit')
        inserted += round % 5 === 4 ? 0 : 1
      }
      await closeClient(client)
    }
    const writers = [0, 1, 2, 3].map(write)
    await sleep(100)
    const snapshot = await openSnapshot(database.source, { slot: 'counter' })
    await sleep(100)
    const folder = await LoadFolder.open()
    await folder.write(database.source, table, { snapshotName: snapshot.snapshotName })
    await snapshot.close()
    const loaded = (await folder.first()).rows
    const stream = collect(database, tables, { slot: 'counter', startLsn: snapshot.lsn })
    await sleep(100)
    writing = false
    await Promise.all(writers)
    await stream.caughtUp(database.client)
    await stream.stop()
    const state = new Map<unknown, unknown>(loaded.map(({ id, n }) => [id, n]))
    expect(state.size).toBe(loaded.length)
    for (const record of stream.records) {
      const { data, metadata } = envelope(record)
      if (metadata['record-type'] === 'control') continue
      if (metadata['operation'] === 'update') {
        /* Each update adds one to the state before it: a gap or a repeat would show. */
        expect(data['n']).toBe(Number(state.get(data['id'])) + 1)
      } else expect(state.has(data['id'])).toBe(false)
      state.set(data['id'], data['n'])
    }
    const { rows } = await database.client.query('select id, n from counter')
    expect(state).toEqual(new Map(rows.map((row) => [row.id, row.n])))
    expect(state.size).toBe(inserted)
    expect(loaded.length).toBeGreaterThan(0)
    expect(stream.records.length).toBeGreaterThan(0)
  })

  test('without a slot name leaves no slot behind', async () => {
    const database = await server.database('create table item (id int primary key)')
    const snapshot = await openSnapshot(database.source)
    await snapshot.close()
    const { rows } = await database.client.query('select slot_name from pg_replication_slots')
    expect(rows).toEqual([])
  })

  test('does not wait for ever behind an open transaction', async () => {
    const database = await server.database('create table item (id int primary key)')
    const client = await openClient(database.source)
    await client.query('begin; insert into item values (1)')
    await expect(openSnapshot(database.source, { slot: 'behind', waitMs: 50 })).rejects.toMatchObject({
      code: 'source/transaction-open',
      message: expect.stringContaining('pg_prepared_xacts'),
    })
    await closeClient(client)
    const { rows } = await database.client.query('select slot_name from pg_replication_slots')
    expect(rows).toEqual([])
  })
})
