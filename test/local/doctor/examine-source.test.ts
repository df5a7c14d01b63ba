import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckResult } from '../../../core/check.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { checkSource } from '../../../engine/postgres/rules/check-source.ts'
import { examineSource, type SourceExamination, sourceRules } from '../../../local/doctor/examine-source.ts'
import { startPostgres } from '../../../local/embedded-postgres/start-postgres.ts'
import {
  asReader,
  openClient,
  refusal,
  type SourceDatabase,
  type SourceServer,
  startSource,
  until,
} from '../../engine/postgres/source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource({ max_prepared_transactions: '2' })
})
afterAll(() => server.stop())

const ITEM = 'create table item (id int primary key, amount numeric, note text);'
const GRANTS = 'grant usage on schema public to reader; grant select on item to reader;'
const REPLICATES = 'alter role reader replication; grant pg_read_all_stats to reader;'

const defaults: SourceExamination = {
  reader: 'tidemark',
  patterns: ['*.*'],
  slot: 'tidemark',
  publication: 'tidemark',
  known: undefined,
}

function examined(source: Source, options: Partial<SourceExamination> = {}): Promise<readonly CheckResult[]> {
  return examineSource(source, { ...defaults, ...options })
}

async function check(id: string, source: Source, options?: Partial<SourceExamination>) {
  const checks = await examined(source, options)
  const found = checks.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no check ${id} among ${checks.map((one) => one.id).join(', ')}`)
  return found
}

interface Seed {
  /** Check that finds it. */
  readonly id: string
  readonly state: 'warn' | 'fail' | 'unknown'
  readonly sql: string
  /** Statements that may not stand beside others in a transaction. */
  readonly after?: string
  readonly reader?: string
  readonly options?: Partial<SourceExamination>
}

/* What is wrong, by a statement; what is printed mends it, when a superuser runs it as it stands. */
const seeds: Readonly<Record<string, Seed>> = {
  'a role that may not replicate': { id: 'source.role', state: 'fail', sql: ITEM, reader: GRANTS },
  'schemas and tables that are closed': {
    id: 'source.privileges',
    state: 'fail',
    reader: REPLICATES,
    sql: `${ITEM} create schema hr; create table hr.pay (id int primary key)`,
  },
  'row security that hides rows': {
    id: 'source.row-security',
    state: 'fail',
    reader: GRANTS + REPLICATES,
    sql: `${ITEM} alter table item enable row level security`,
  },
  'updates without their key': {
    id: 'source.replica-identity',
    state: 'fail',
    sql: `${ITEM} alter table item replica identity nothing`,
  },
  'a publication that the role may not make': {
    id: 'source.publication',
    state: 'fail',
    sql: ITEM,
    reader: GRANTS + REPLICATES,
  },
  'a publication that lacks a table and is not of the role': {
    id: 'source.publication',
    state: 'fail',
    reader: GRANTS + REPLICATES,
    sql: `${ITEM} create publication tidemark`,
  },
  'a publication that leaves rows and kinds of changes out': {
    id: 'source.publication',
    state: 'fail',
    sql: `${ITEM} create publication tidemark for table item where (id > 0) with (publish = 'insert')`,
  },
  'a slot of another plugin': {
    id: 'source.slot',
    state: 'fail',
    sql: ITEM,
    after: `select pg_create_logical_replication_slot('tidemark', 'test_decoding')`,
  },
  'a slot that this folder does not know': {
    id: 'source.slot',
    state: 'fail',
    options: { known: false },
    sql: ITEM,
    after: `select pg_create_logical_replication_slot('tidemark', 'pgoutput')`,
  },
  'a slot that nobody reads': {
    id: 'source.slot',
    state: 'warn',
    sql: ITEM,
    after: `select pg_create_logical_replication_slot('tidemark', 'pgoutput')`,
  },
  'a table without a log': {
    id: 'source.left-out',
    state: 'warn',
    sql: `${ITEM} create unlogged table visit (id int primary key)`,
  },
  'a transaction that was prepared and forgotten': {
    id: 'source.transactions',
    state: 'warn',
    options: { limitSeconds: 0 },
    sql: ITEM,
    after: `begin; insert into item values (1); prepare transaction 'forgotten'`,
  },
  'sessions that the role may not see': {
    id: 'source.transactions',
    state: 'unknown',
    reader: `${GRANTS} alter role reader replication`,
    sql: ITEM,
  },
}

/* Each statement by itself: some may not stand in a transaction. */
async function mend(database: SourceDatabase, { fix }: CheckResult): Promise<void> {
  const statements = fix.filter(({ kind }) => kind === 'sql')
  expect(statements.length).toBeGreaterThan(0)
  for (const { text } of statements) {
    expect(text).toMatch(/;$/)
    await database.client.query(text)
  }
}

describe('what a check prints mends what it found', () => {
  test.each(Object.entries(seeds))('%s', async (_, { id, state, sql, after = '', reader, options }) => {
    const database = await server.database(sql)
    await database.client.query(after)
    const source = reader === undefined ? database.source : await asReader(database, reader)
    const found = await check(id, source, options)
    expect(found.state).toBe(state)
    /* A start refuses with the same code, and finds nothing but this. */
    if (found.code !== undefined && id !== 'source.publication') {
      const client = await connectSource(source)
      const start = { slot: 'tidemark', known: options?.known ?? false }
      expect((await refusal(checkSource(client, start))).code).toBe(found.code)
      await closeClient(client)
    }
    await mend(database, found)
    expect(await check(id, source, options)).toMatchObject({ state: 'ok', fix: [] })
  })

  test('work that goes on holds the slot, too, and is not ended by a check', async () => {
    const database = await server.database(ITEM)
    const other = await openClient(database.source)
    const work = other.query('begin; insert into item values (1); select pg_sleep(60)').catch(() => undefined)
    const options = { limitSeconds: 0 }
    await until(async () => (await check('source.transactions', database.source, options)).state === 'warn')
    const { message, fix } = await check('source.transactions', database.source, options)
    expect(message).toMatch(/^server process \d+ is in a transaction for \d+ s$/)
    expect(fix).toEqual([{ kind: 'step', text: expect.stringMatching(/^let it end, or: SELECT pg_term/) }])
    await database.client.query(fix[0]?.text.replace('let it end, or: ', '') ?? '')
    await work
    await closeClient(other)
  })

  test('a session that is idle in a transaction', async () => {
    const database = await server.database(ITEM)
    const other = await openClient(database.source)
    await other.query('begin; insert into item values (1)')
    const options = { limitSeconds: 0 }
    await until(async () => (await check('source.transactions', database.source, options)).state === 'warn')
    await mend(database, await check('source.transactions', database.source, options))
    await until(async () => (await check('source.transactions', database.source, options)).state === 'ok')
    await closeClient(other)
  })

  test('a wal_sender_timeout that is too short for DMS, where it is set; our own sessions have another', async () => {
    const database = await server.database(ITEM)
    const id = 'source.sender-timeout'
    for (const whose of ['role current_user', `database ${database.name}`, 'role all']) {
      await database.client.query(`alter ${whose} set wal_sender_timeout = '2s'`)
      const found = await check(id, database.source, { reader: 'dms' })
      expect(found).toMatchObject({ state: 'warn', message: expect.stringContaining('2000 ms') })
      expect((await check(id, database.source)).state).toBe('ok')
      await mend(database, found)
      expect((await check(id, database.source, { reader: 'dms' })).state).toBe('ok')
    }
  })

  test.each([
    ['source.sender-timeout', 'wal_sender_timeout', '2s'],
    ['source.slot-limit', 'max_slot_wal_keep_size', '1GB'],
    ['source.slot-limit', 'idle_replication_slot_timeout', '1h'],
  ])('%s', async (id, setting, value) => {
    const database = await server.database(ITEM)
    const reader = { reader: 'dms' } as const
    await database.client.query(`alter system set ${setting} = '${value}'`)
    await database.client.query('select pg_reload_conf()')
    await until(async () => (await check(id, database.source, reader)).state === 'warn')
    await mend(database, await check(id, database.source, reader))
    await until(async () => (await check(id, database.source, reader)).state === 'ok')
    await database.client.query(`alter system reset ${setting}`)
    await database.client.query('select pg_reload_conf()')
  })

  test('a table without a primary key, with the columns of the key filled in', async () => {
    const database = await server.database(`${ITEM} create table tag (word text)`)
    const found = await check('source.primary-keys', database.source)
    expect(found).toMatchObject({ state: 'fail', code: 'source/no-primary-key' })
    await database.client.query(found.fix[0]?.text.replace('…', 'word') ?? '')
    expect((await check('source.primary-keys', database.source)).state).toBe('ok')
  })

  test('a foreign table is left out by the pattern that is printed', async () => {
    const database = await server.database(
      `${ITEM} create foreign data wrapper far; create server far foreign data wrapper far; create foreign table remote (id int) server far`,
    )
    const found = await check('source.left-out', database.source)
    const pattern = /'(!.*)'/.exec(found.fix[0]?.text ?? '')?.[1] ?? ''
    expect([found.state, pattern]).toEqual(['warn', '!public.remote'])
    expect((await check('source.left-out', database.source, { patterns: [pattern] })).state).toBe('ok')
    await database.client.query('drop foreign data wrapper far cascade')
  })

  test('settings that need a restart: the statement is taken, and the restart makes it so', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tidemark-doctor-'))
    const dir = join(root, 'pg')
    const small = { wal_level: 'replica', max_replication_slots: '1', max_wal_senders: '4', fsync: 'off' }
    const first = await startPostgres({ dir, settings: small })
    const client = await openClient({ url: first.url })
    await client.query(`${ITEM} select pg_create_physical_replication_slot('standby')`)
    const before = await examined({ url: first.url })
    const of = (checks: readonly CheckResult[]) =>
      checks.filter(({ id }) => id === 'source.wal-level' || id === 'source.slot-room')
    expect(of(before).map(({ code }) => code)).toEqual(['source/wal-level', 'source/slots-exhausted'])
    for (const { kind, text } of of(before).flatMap(({ fix }) => fix)) {
      if (kind === 'sql') await client.query(text)
      else expect(text).toBe('then restart PostgreSQL')
    }
    /* The embedded server gets its settings on its command line, which goes before the file: it gets what the file says. */
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_file_settings where sourcefile like '%postgresql.auto.conf'`,
    )
    await closeClient(client)
    await first.stop()
    const written = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
    const second = await startPostgres({ dir, settings: { ...small, ...written } })
    expect(of(await examined({ url: second.url })).map(({ state }) => state)).toEqual(['ok', 'ok'])
    await second.stop()
    await rm(root, { recursive: true, force: true })
  })
})

describe('an examination', () => {
  test('of a source that has all it needs finds nothing wrong, and makes nothing', async () => {
    const database = await server.database(ITEM)
    const checks = await examined(database.source)
    expect(checks.filter(({ state }) => state !== 'ok')).toEqual([])
    const { rows } = await database.client.query(
      'select (select count(*) from pg_replication_slots) + (select count(*) from pg_publication) as made',
    )
    expect(rows).toEqual([{ made: '0' }])
  })

  test('has each check of the list, once', async () => {
    const { source } = await server.database(ITEM)
    const ids = async (reader: SourceExamination['reader']) =>
      (await examined(source, { reader })).map(({ id }) => id)
    const both = [...new Set([...(await ids('tidemark')), ...(await ids('dms'))])]
    expect(both.toSorted()).toEqual(sourceRules.map(({ id }) => id).toSorted())
    expect(await ids('tidemark')).toEqual([...new Set(await ids('tidemark'))])
  })

  test('of a source that DMS reads asks what DMS needs, and nothing of publications', async () => {
    const database = await server.database(ITEM)
    const dms = { reader: 'dms' } as const
    const source = await asReader(database, GRANTS + REPLICATES)
    const ids = (await examined(source, dms)).map(({ id }) => id)
    expect(ids).not.toContain('source.publication')
    expect(await check('source.types', source, dms)).toMatchObject({
      state: 'warn',
      message: expect.stringContaining('public.item.amount'),
    })
    expect((await check('source.ddl-audit', source, dms)).state).toBe('warn')
    await database.client.query(`create table awsdms_ddl_audit (c_key bigserial primary key);
      create function intercept() returns event_trigger language plpgsql as $$ begin end $$;
      create event trigger awsdms_intercept_ddl on ddl_command_end execute function intercept()`)
    expect((await check('source.ddl-audit', source, dms)).state).toBe('ok')
    await database.client.query('drop event trigger awsdms_intercept_ddl')
    await database.client.query(`select pg_create_logical_replication_slot('tidemark', 'test_decoding')`)
    expect((await check('source.slot', source, { ...dms, known: true })).state).toBe('ok')
  })

  test('says of a source that it cannot reach why, without the password', async () => {
    const { source } = await server.database(ITEM)
    const url = new URL(source.url)
    url.password = 'pa55word'
    const wrong = await examined({ url: url.href })
    expect(wrong).toMatchObject([{ id: 'source.connection', state: 'fail', code: 'source/authentication' }])
    expect(JSON.stringify(wrong)).not.toContain('pa55word')
    expect(await examined({ url: 'postgres://nobody@127.0.0.1:1/none' })).toMatchObject([
      { id: 'source.connection', state: 'fail', code: 'source/unreachable' },
    ])
  })

  test('goes on when no table matches, and when a catalog is closed to the role', async () => {
    const database = await server.database(ITEM)
    const none = await examined(database.source, { patterns: ['hr.*'] })
    expect(none.find(({ id }) => id === 'source.tables')).toMatchObject({ code: 'source/no-tables' })
    expect(none.find(({ id }) => id === 'source.slot')?.state).toBe('ok')
    const source = await asReader(
      database,
      `${GRANTS} ${REPLICATES} revoke select on pg_prepared_xacts from public`,
    )
    const closed = await check('source.transactions', source)
    await database.client.query('grant select on pg_prepared_xacts to public')
    expect(closed.message).toContain('SQLSTATE 42501: permission denied for view pg_prepared_xacts')
    expect((await check('source.transactions', source)).state).toBe('ok')
  })

  test('says what becomes of large values that an update does not touch', async () => {
    const database = await server.database(ITEM)
    expect((await check('source.large-values', database.source)).message).toMatch(/^1 column of 1 table may/)
    await database.client.query('alter table item replica identity full')
    expect((await check('source.large-values', database.source)).message).toBe(
      'each update carries every value',
    )
  })
})
