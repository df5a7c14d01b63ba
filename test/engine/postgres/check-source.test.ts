import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PipelineError } from '../../../core/failures/failures.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { checkSource, type SourceCheck } from '../../../engine/postgres/rules/check-source.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { chooseContracts } from '../../../local/contracts/choose-contracts.ts'
import { examineSource } from '../../../local/doctor/examine-source.ts'
import { checkStackSource } from '../../../stack/tables/check-stack-source.ts'
import {
  asReader,
  collect,
  prepare,
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

async function checkAs(source: Source, check: Partial<SourceCheck> = {}) {
  const client = await connectSource(source)
  try {
    return await checkSource(client, { slot: 'checked', known: false, ...check })
  } finally {
    await closeClient(client)
  }
}

/* Refused, then accepted after a superuser has run the SQL that the message holds. */
async function mends(database: SourceDatabase, source: Source, code: string): Promise<PipelineError> {
  const error = await refusal(checkAs(source))
  expect(error.code).toBe(code)
  await database.client.query(/: ((?:ALTER|GRANT) .*;)$/.exec(error.message)?.[1] ?? 'no SQL in the message')
  await checkAs(source)
  return error
}

describe('a source is refused', () => {
  test('when the role may not replicate, with the SQL that allows it', async () => {
    const database = await server.database(ITEM)
    const source = await asReader(
      database,
      'grant usage on schema public to reader; grant select on item to reader',
    )
    const error = await mends(database, source, 'source/privilege')
    expect(error.message).toContain('ALTER ROLE "reader" REPLICATION;')
  })

  test('when the role may not read a table, with the grants', async () => {
    const database = await server.database(
      `${ITEM} create schema hr; create table hr.pay (id int primary key)`,
    )
    const source = await asReader(database, 'alter role reader replication')
    const error = await mends(database, source, 'source/privilege')
    expect(error.message).toContain('GRANT USAGE ON SCHEMA "hr" TO "reader";')
    expect(error.message).toContain('GRANT SELECT ON "hr"."pay" TO "reader";')
    expect(error.message).toContain('GRANT SELECT ON "public"."item" TO "reader";')
  })

  test('when row security would hide rows', async () => {
    const database = await server.database(`${ITEM} alter table item enable row level security`)
    const source = await asReader(
      database,
      'alter role reader replication; grant usage on schema public to reader; grant select on item to reader',
    )
    const error = await mends(database, source, 'source/privilege')
    expect(error.message).toContain('ALTER ROLE "reader" BYPASSRLS;')
  })

  test('when a table has no primary key', async () => {
    const database = await server.database(`${ITEM} create table log (line text); create table tag (t text)`)
    const error = await refusal(checkAs(database.source, { patterns: ['!public.item'] }))
    expect(error.code).toBe('source/no-primary-key')
    expect(error.message).toContain('ALTER TABLE "public"."log" ADD PRIMARY KEY')
    expect(error.message).toContain('ALTER TABLE "public"."tag" ADD PRIMARY KEY')
    const names = async (patterns: readonly string[]) => {
      const { tables, leftOut } = await checkAs(database.source, { patterns })
      return [tables.map(({ name }) => name), leftOut.map(({ table, code }) => `${table}: ${code}`)]
    }
    expect(await names(['*.*'])).toEqual([
      ['item'],
      ['public.log: source/no-primary-key', 'public.tag: source/no-primary-key'],
    ])
    expect(await names(['!public.log', '!*.tag'])).toEqual([['item'], []])
  })

  test('when updates would not carry the primary key', async () => {
    const database = await server.database(`${ITEM} alter table item replica identity nothing`)
    await mends(database, database.source, 'source/replica-identity')
    await database.client.query(`alter table item add other int not null unique;
      alter table item replica identity using index item_other_key`)
    await mends(database, database.source, 'source/replica-identity')
    await database.client.query(`alter table item add unique (id, other);
      alter table item replica identity using index item_id_other_key`)
    await checkAs(database.source)
  })

  test('when no table matches, or a table that was named is not there', async () => {
    const database = await server.database(ITEM)
    expect((await refusal(checkAs(database.source, { patterns: ['hr.*'] }))).code).toBe('source/no-tables')
    const error = await refusal(checkAs(database.source, { patterns: ['public.itme'] }))
    expect(error).toMatchObject({ code: 'source/no-tables', message: expect.stringContaining('public.itme') })
  })

  test('by doctor as by a start when its lake name is taken', async () => {
    const { source } = await server.database(`${ITEM} create table "Item" (id int primary key)`)
    const choice = { system: 'shop', folder: undefined }
    const found = await examineSource(source, {
      reader: 'tidemark',
      patterns: ['*.*'],
      slot: 'checked',
      publication: 'checked',
      known: undefined,
      unchosen: async (tables) => (await chooseContracts(tables, [], choice)).leftOut,
    })
    expect(found.find(({ id }) => id === 'source.lake-names')).toMatchObject({
      state: 'fail',
      code: 'contract/invalid',
      fix: [{ text: expect.stringContaining("--tables '!public.Item'") }],
    })
  })

  test('but not for one name that is not there: the others go on', async () => {
    const database = await server.database(`${ITEM} create unlogged table visit (id int primary key)`)
    const check = () => checkAs(database.source, { patterns: ['public.item', 'public.itme', 'public.visit'] })
    const { tables, leftOut } = await check()
    expect(tables.map(({ name }) => name)).toEqual(['item'])
    expect(leftOut).toMatchObject([
      { table: 'public.itme', code: 'source/no-tables' },
      { table: 'public.visit', code: 'source/not-logged' },
    ])
    await database.client.query(leftOut[1]?.fix[0]?.text ?? '')
    expect((await check()).tables.map(({ name }) => name)).toEqual(['item', 'visit'])
  })

  test('nor for a table that a pattern takes along and the log has nothing of: it is named', async () => {
    const database = await server.database(`${ITEM} create unlogged table visit (id int primary key);
      create foreign data wrapper far; create server far foreign data wrapper far; create foreign table remote (id int) server far`)
    const { tables, leftOut } = await checkAs(database.source, { patterns: ['public.*'] })
    expect(tables.map(({ name }) => name)).toEqual(['item'])
    expect(leftOut).toMatchObject([
      {
        table: 'public.remote',
        code: 'source/not-logged',
        fix: [{ text: expect.stringMatching(/'!public.remote'/) }],
      },
      {
        table: 'public.visit',
        code: 'source/not-logged',
        fix: [{ text: 'ALTER TABLE "public"."visit" SET LOGGED;' }],
      },
    ])
    const without = await checkAs(database.source, {
      patterns: ['public.*', '!public.remote', '!public.visit'],
    })
    expect(without.leftOut).toEqual([])
    expect((await refusal(checkAs(database.source, { patterns: ['public.v*'] }))).code).toBe(
      'source/not-logged',
    )
    await database.client.query('drop foreign data wrapper far cascade')
  })

  test('when the log is not logical', async () => {
    const other = await startSource({ wal_level: 'replica' })
    const database = await other.database(ITEM)
    const error = await refusal(checkAs(database.source))
    await other.stop()
    expect(error.code).toBe('source/wal-level')
    expect(error.message).toContain('ALTER SYSTEM SET wal_level = logical;')
  })

  test('when the password is wrong, and no message holds it', async () => {
    const database = await server.database(ITEM)
    const url = new URL(database.source.url)
    url.password = 'pa55word'
    const error = await refusal(connectSource({ url: url.href }))
    expect(error.code).toBe('source/authentication')
    expect(error.message).not.toContain('pa55word')
    expect(error.message).toContain(url.host)
  })

  test('when the database is not there, by its name', async () => {
    const database = await server.database(ITEM)
    const url = new URL(database.source.url)
    url.pathname = '/no_such_database'
    const error = await refusal(connectSource({ url: url.href }))
    expect(error.code).toBe('source/no-database')
    expect(error.message).toContain('database "no_such_database" does not exist')
    const { rows } = await database.client.query<{ name: string }>(
      'select datname::text as name from pg_database',
    )
    expect(rows.map(({ name }) => name)).not.toContain('no_such_database')
    await closeClient(await connectSource(database.source))
  })
})

describe('a slot', () => {
  test('that nobody here knows is foreign', async () => {
    const database = await server.database(ITEM)
    await prepare(database, 'checked')
    const error = await refusal(checkAs(database.source))
    expect(error.code).toBe('source/slot-foreign')
    expect(error.message).toContain(`SELECT pg_drop_replication_slot('checked');`)
    expect((await checkAs(database.source, { known: true })).slotExists).toBe(true)
  })

  test('of another database is foreign even when its name is known', async () => {
    const database = await server.database(ITEM)
    const snapshot = await openSnapshot({ url: server.url }, { slot: 'checked' })
    await snapshot.close()
    expect((await refusal(checkAs(database.source, { known: true }))).code).toBe('source/slot-foreign')
  })

  test('that is known but gone is lost', async () => {
    const database = await server.database(ITEM)
    expect((await refusal(checkAs(database.source, { known: true }))).code).toBe('source/slot-lost')
    expect((await checkAs(database.source)).slotExists).toBe(false)
  })

  test('that is read is in use while its reader lives, and freed when its reader is dead', async () => {
    const database = await server.database(ITEM)
    const { tables } = await prepare(database, 'checked')
    const reader = collect(database, tables, { slot: 'checked' })
    await reader.caughtUp(database.client)
    /* It reports when it is idle, too: after new log at the latest. */
    const refused = refusal(checkAs(database.source, { known: true, waitMs: 20_000 }))
    const writing = setInterval(
      () => void database.client.query('select pg_logical_emit_message(true, $1, $1)', ['x']),
      50,
    )
    const error = await refused
    clearInterval(writing)
    expect(error.code).toBe('source/slot-in-use')
    expect(error.message).toMatch(/SELECT pg_terminate_backend\(\d+\);/)
    /* To the server a reader that says nothing during the whole wait is a dead one. */
    await checkAs(database.source, { known: true, waitMs: 300 })
    await expect(reader.done).rejects.toMatchObject({ code: 'source/unreachable' })
  })

  test('cannot be made when all are taken, and is lost when its log was removed', async () => {
    const small = await startSource({
      max_replication_slots: '1',
      max_slot_wal_keep_size: '1MB',
      max_wal_size: '32MB',
      min_wal_size: '32MB',
    })
    const database = await small.database(ITEM)
    await prepare(database, 'only')
    const full = await refusal(checkAs(database.source))
    const unmade = await refusal(openSnapshot(database.source, { slot: 'second' }))
    for (let i = 0; i < 5; i += 1)
      await database.client.query('select pg_switch_wal(); create table x (); drop table x; checkpoint')
    const lost = await refusal(checkAs(database.source, { slot: 'only', known: true }))
    await small.stop()
    expect([full.code, unmade.code]).toEqual(['source/slots-exhausted', 'source/slots-exhausted'])
    expect(full.message).toContain('ALTER SYSTEM SET max_replication_slots = 6;')
    expect(lost.code).toBe('source/slot-lost')
  })
})

test('tables of a stack need a key that their changes carry, and the slot of the task its log', async () => {
  const { source, client } = await server.database(`CREATE TABLE public.items (id int PRIMARY KEY);
    CREATE TABLE public.keyless (id int); CREATE TABLE public.mute (id int PRIMARY KEY);
    ALTER TABLE public.mute REPLICA IDENTITY NOTHING`)
  const check = (table: string) =>
    checkStackSource(source.url, { data: {}, source: { slot_name: 'dms' } }, [table])
  expect((await refusal(check('public.items'))).code).toBe('source/slot-lost')
  await client.query(`SELECT pg_create_logical_replication_slot('dms', 'pgoutput')`)
  expect((await refusal(check('public.items'))).code).toBe('source/slot-foreign')
  await client.query(`SELECT pg_drop_replication_slot('dms');
    SELECT pg_create_logical_replication_slot('dms', 'test_decoding')`)
  await check('public.items')
  expect((await refusal(check('public.keyless'))).code).toBe('source/no-primary-key')
  expect((await refusal(check('public.mute'))).code).toBe('source/replica-identity')
  expect((await refusal(check('public.gone'))).code).toBe('source/no-tables')
})
