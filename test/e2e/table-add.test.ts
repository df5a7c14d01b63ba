import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../local/postgres/start-postgres.ts'
import { until } from '../local/replicator/source-server.ts'
import { lastJson, scratchFolder, startTidemark, tidemark } from '../support/tidemark.ts'

type Scratch = Awaited<ReturnType<typeof scratchFolder>>

let scratch: Scratch
let server: PostgresServer

beforeAll(async () => {
  scratch = await scratchFolder()
  server = await startPostgres({ dir: join(scratch.path, 'source'), database: 'shop' })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(`
    CREATE SCHEMA shop;
    CREATE TABLE shop.orders (id int PRIMARY KEY, n int);
    INSERT INTO shop.orders SELECT i, i FROM generate_series(1, 500) i;
    CREATE TABLE shop.items (id int PRIMARY KEY, n int);
    INSERT INTO shop.items SELECT i, i FROM generate_series(1, 800) i`)
  await client.end()
}, 60_000)

afterAll(async () => {
  await server?.stop()
  await scratch?.[Symbol.asyncDispose]()
})

test('G10 a pipeline that is killed while a table is added has it at its next start, equal', async () => {
  const dir = join(scratch.path, 'run')
  const text = (file: string) => readFile(join(dir, file), 'utf8').catch(() => '')
  const dev = ['dev', '--source', server.url, '--tables', 'shop.orders', '--dir', dir]
  const first = startTidemark(dev)
  await until(async () => (await text('status.json')).includes('"streaming"'))
  const planned = await tidemark(['table', 'add', 'shop.items', '--dir', dir, '--dry-run'])
  expect(planned.stdout, planned.stderr).toContain(
    'shop.items v1 (inferred, masks nothing)  would be captured',
  )
  expect(planned.stdout).toContain('5. read on from where the slot was left')

  const adding = startTidemark(['table', 'add', 'shop.items', '--dir', dir, '--json'])
  await until(async () => (await text('state.json')).includes('shop.items'))
  first.kill()
  await first.finished
  await adding.finished

  const again = await tidemark([...dev, '--for', '2s', '--json'])
  expect(lastJson(again), again.stderr).toMatchObject({
    equal: true,
    tables: [
      { table: 'shop.items', sourceRows: 800, lakeRows: 800 },
      { table: 'shop.orders', sourceRows: 500, lakeRows: 500 },
    ],
  })
  const idle = await tidemark(['table', 'add', 'shop.more', '--dir', dir, '--json'])
  expect(lastJson(idle)).toMatchObject({ error: { code: 'run/not-running' } })
}, 90_000)
