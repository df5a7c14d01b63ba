import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSourceActivity } from '../../../engine/postgres/connection/source-activity.ts'
import { closeClient, connectSource } from '../../../engine/postgres/connection/source-connection.ts'
import { prepare, type SourceServer, startSource, until } from './source-server.ts'

let server: SourceServer
beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())

test('a source at rest is not busy, and an unknown slot keeps nothing', async () => {
  const { client } = await server.database('create table item (id int primary key)')
  expect(await readSourceActivity(client, 'nobody')).toEqual({
    activeBackends: 0,
    longestTransactionSeconds: 0,
    slotLagBytes: 0,
    retainedWalBytes: 0,
    isReplica: false,
  })
})

test('statements that run, transactions that stay open and log that a slot keeps show', async () => {
  const database = await server.database('create table item (id int primary key, body text)')
  const { client, source } = database
  await prepare(database, 'lagging')
  const before = await readSourceActivity(client, 'lagging')
  await client.query(`insert into item select i, repeat('x', 1000) from generate_series(1, 1000) i`)
  const other = await connectSource(source)
  const running = await connectSource(source, { queryMs: 0 })
  try {
    await other.query('begin; select 1')
    await sleep(20)
    const statement = running.query('select pg_sleep(20)').catch(() => undefined)
    await until(async () => (await readSourceActivity(client, 'lagging')).activeBackends === 1)
    const busy = await readSourceActivity(client, 'lagging')
    expect(busy.longestTransactionSeconds).toBeGreaterThanOrEqual(0.02)
    expect(busy.slotLagBytes - before.slotLagBytes).toBeGreaterThan(1_000_000)
    expect(busy.retainedWalBytes).toBeGreaterThanOrEqual(busy.slotLagBytes)
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'`,
    )
    await statement
  } finally {
    await closeClient(other)
    await closeClient(running)
  }
})
