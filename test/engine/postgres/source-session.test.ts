import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { KeptConnection } from '../../../engine/postgres/connection/kept-connection.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { copyTable } from '../../../engine/postgres/copy/copy-table.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import { examineSource } from '../../../local/doctor/examine-source.ts'
import { startPooler } from './pooler.ts'
import {
  asReader,
  collect,
  dataText,
  prepare,
  refusal,
  type SourceDatabase,
  type SourceServer,
  startSource,
} from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource({ max_prepared_transactions: '5' })
})
afterAll(() => server.stop())

const SHAPES = `create table shape (id int primary key, at timestamptz, day date, span interval, ratio real, precise float8,
    bytes bytea, words text[], spans tstzrange, points point, kept numeric(10,2), page xml, of_table regclass, note text);
  insert into shape values (1, '2026-03-04 05:06:07.123456+02', '2026-03-04', '1 year -2 days 03:04:05.6', 0.1, 0.1,
    '\\xdeadbeef', array['a b', null, 'NULL', 'x\\y'], '[2026-01-01,2026-02-01)', '(0.1,0.2)', 1.50, '<a>é</a>', 'shape', 'é')`

/** Settings of a role and a database that change what a session shows, or how long it may. */
const HOSTILE: Readonly<Record<string, string>> = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'Asia/Kathmandu',
  extra_float_digits: '-5',
  bytea_output: 'escape',
  xmlbinary: 'hex',
  xmloption: 'document',
  client_encoding: 'LATIN1',
  standard_conforming_strings: 'off',
  quote_all_identifiers: 'on',
  array_nulls: 'off',
  search_path: 'evil, pg_catalog, public',
  client_min_messages: 'error',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  statement_timeout: '1',
  lock_timeout: '1',
  idle_in_transaction_session_timeout: '20ms',
  /* Of two that are set by the first statement only: long enough for a busy machine to get to it. */
  idle_session_timeout: '5s',
  transaction_timeout: '5s',
  wal_sender_timeout: '2s',
  tcp_user_timeout: '2s',
  exit_on_error: 'on',
  session_replication_role: 'replica',
  row_security: 'on',
}

const EVIL = `create schema evil; create table evil.pg_class (x int); create table evil.pg_namespace (y int);
  create table evil.pg_replication_slots (z int); create function evil.pg_backend_pid() returns int language sql as 'select 0';
  create type evil.text as enum ('evil'); grant usage on schema evil to public`

const READS = 'grant select on all tables in schema public to reader; alter role reader replication superuser'

async function alter(database: SourceDatabase, settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings))
    for (const whose of [`role reader`, `database ${database.name}`])
      await database.client.query(
        `alter ${whose} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`,
      )
}

/** What a load and a stream read of the table. */
async function read(database: SourceDatabase, source: Source, slot: string): Promise<readonly string[]> {
  const tables = await prepare({ ...database, source }, slot)
  const snapshot = await openSnapshot(source)
  const loaded: Buffer[] = []
  const table = tables.tables.find(({ name }) => name === 'shape')
  if (table === undefined) throw new Error('no table')
  await copyTable(source, snapshot, table, async (bytes) => void loaded.push(Buffer.from(bytes)))
  await snapshot.close()
  const stream = collect({ ...database, source }, tables.tables, { slot })
  const writer = database.client
  await writer.query('update public.shape set note = note')
  await stream.caughtUp(writer)
  await stream.stop()
  return [Buffer.concat(loaded).toString(), ...stream.records.map(dataText)]
}

describe('the settings of a role and its database', () => {
  test('change neither what is read nor how long it may take', async () => {
    const database = await server.database(`${SHAPES}; ${EVIL}`)
    const source = await asReader(database, READS)
    const plain = await read(database, source, 'plain')
    await alter(database, HOSTILE)
    expect(await read(database, source, 'hostile')).toEqual(plain)
    expect(plain[0]).toContain('2026-03-04 03:06:07.123456+00')
    const client = await connectSource(source)
    expect((await readSourceCatalog(client, ['public.*'])).map(({ name }) => name)).toEqual(['shape'])
    const { rows } = await client.query(
      `select current_setting('idle_session_timeout') as idle, current_setting('transaction_timeout') as whole,
        current_setting('wal_sender_timeout') as sender, current_setting('tcp_user_timeout') as unconfirmed`,
    )
    expect(rows).toEqual([{ idle: '0', whole: '0', sender: '1min', unconfirmed: '0' }])
    await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
    await client.query('begin; select pg_sleep(0.1)')
    await closeClient(client)
  })

  test('are set before the first statement, over those that the URL has', async () => {
    const database = await server.database('')
    const url = new URL(database.source.url)
    url.searchParams.set('options', '-c DateStyle=German -c my.own=kept')
    url.searchParams.set('statement_timeout', '1')
    const client = await connectSource({ url: url.href })
    const { rows } = await client.query(
      `select current_setting('datestyle') as style, current_setting('my.own') as own, current_setting('statement_timeout') as limited`,
    )
    expect(rows).toEqual([{ style: 'ISO, MDY', own: 'kept', limited: '0' }])
    await closeClient(client)
  })
})

describe('a pooler', () => {
  test.each(['refuse', 'drop'] as const)('that would %s what a session needs is named', async (way) => {
    const database = await server.database('')
    const pooler = await startPooler(database.source.url, way)
    const source = { url: pooler.url }
    for (const options of [{}, { replication: true }])
      expect((await refusal(connectSource(source, options))).code).toBe('source/pooler')
    const checks = await examineSource(source, {
      reader: 'tidemark',
      patterns: ['*.*'],
      slot: 'tidemark',
      publication: 'tidemark',
      known: undefined,
    })
    expect(checks).toEqual([expect.objectContaining({ id: 'source.connection', code: 'source/pooler' })])
    pooler.close()
  })
})

describe('a connection that is kept', () => {
  test('reads one table after another; after a failure, or cut off while it waits, there is another', async () => {
    const database = await server.database(
      'create table one (id int primary key); insert into one values (1); create table two (id int primary key)',
    )
    await prepare(database, 'kept')
    const { source, client } = database
    const tables = await readSourceCatalog(client, ['public.*'])
    const connection = new KeptConnection(source, 'tidemark load')
    const snapshot = await openSnapshot(source)
    const copy = (table: (typeof tables)[number], consume: () => Promise<void>) =>
      copyTable(source, snapshot, table, consume, { connection })
    const pid = async () => {
      const session = await connection.take()
      await connection.giveBack(session)
      return session.pid
    }
    try {
      const first = await pid()
      const rows = []
      for (const table of tables) rows.push(await copy(table, () => Promise.resolve()))
      expect([rows, await pid()]).toEqual([[1, 0], first])

      const [one] = tables
      if (one === undefined) throw new Error('no table')
      await expect(copy(one, () => Promise.reject(new Error('full')))).rejects.toThrow('full')
      const second = await pid()
      expect(second).not.toBe(first)

      await client.query('select pg_terminate_backend($1, 5000)', [second])
      await expect.poll(pid).not.toBe(second)
      expect(await copy(one, () => Promise.resolve())).toBe(1)
    } finally {
      await connection.close()
      await snapshot.close()
    }
    await expect
      .poll(
        async () =>
          (await client.query(`select from pg_stat_activity where application_name = 'tidemark load'`))
            .rowCount,
      )
      .toBe(0)
  })
})
