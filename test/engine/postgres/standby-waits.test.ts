import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { ensurePublication } from '../../../engine/postgres/rules/ensure-publication.ts'
import { openSnapshot } from '../../../engine/postgres/stream/snapshot.ts'
import {
  asReader,
  collect,
  PUBLICATION,
  refusal,
  type SourceServer,
  startSource,
  until,
} from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource({ max_prepared_transactions: '5' })
})
afterAll(() => server.stop())

test('a stream that the server holds back for its standby waits, says so, and goes on by itself', async () => {
  const database = await server.database('create table item (id int primary key)')
  const { client } = database
  const tables = await readSourceCatalog(client)
  await ensurePublication(client, PUBLICATION, tables)
  await client.query(`select pg_create_physical_replication_slot('standby1')`)
  await client.query(
    `select pg_create_logical_replication_slot('held', 'pgoutput', temporary => false, twophase => false, failover => true)`,
  )
  await client.query(`alter system set synchronized_standby_slots = 'standby1'`)
  await client.query('select pg_reload_conf()')
  const said: string[] = []
  const stream = collect(database, tables, { slot: 'held', onStandby: (line) => void said.push(line) })
  await client.query('insert into item values (1)')
  await until(() => said.length > 0)
  expect(said[0]).toMatch(/^SQLSTATE 55000: .*"standby1".*DETAIL .*HINT /)
  expect(stream.records).toEqual([])
  await client.query('alter system reset synchronized_standby_slots')
  await client.query('select pg_reload_conf()')
  await stream.caughtUp(client)
  await stream.stop()
  expect(stream.records).toHaveLength(1)
})

test('a prepared transaction that a slot waits for is found by the SQL of the message', async () => {
  const database = await server.database('create table item (id int primary key)')
  await database.client.query('begin; insert into item values (1)')
  await database.client.query(`prepare transaction 'forgotten'`)
  const error = await refusal(openSnapshot(database.source, { slot: 'behind', waitMs: 50 }))
  expect(error.code).toBe('source/transaction-open')
  const sql = error.message.slice(error.message.indexOf('SELECT'))
  expect((await database.client.query(sql)).rows).toEqual([
    expect.objectContaining({ kind: 'prepared', name: 'forgotten' }),
  ])
  await database.client.query(`rollback prepared 'forgotten'`)
})

test('a refusal of the server says in its own words what is missing', async () => {
  const database = await server.database('create table item (id int primary key)')
  const source = await asReader(database, '')
  const error = await refusal(openSnapshot(source, { slot: 'refused' }))
  expect(error.code).toBe('source/privilege')
  expect(error.message).toMatch(/SQLSTATE 42501: permission denied .*: DETAIL .*REPLICATION/)
})
