import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PostgresServer } from '../../local/embedded-postgres/start-postgres.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { storedRun } from '../../local/state/state-file.ts'
import { until } from '../engine/postgres/source-server.ts'
import { startCopiedServer } from '../local/sample/copied-server.ts'
import {
  inProcess,
  lastJson,
  scratchFolder,
  startTidemark,
  tidemark,
  untilStatus,
} from '../support/tidemark.ts'

type Scratch = Awaited<ReturnType<typeof scratchFolder>>

let scratch: Scratch
let server: PostgresServer

beforeAll(async () => {
  scratch = await scratchFolder()
  server = await startCopiedServer({ dir: join(scratch.path, 'source'), database: 'shop' })
})

afterAll(async () => {
  await server?.stop()
  await scratch?.[Symbol.asyncDispose]()
})

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(text)
  await client.end()
}

describe('a source of the user', () => {
  test('G2: tables that no contract knows are loaded, followed and equal', async () => {
    await sql(`
      CREATE SCHEMA sales;
      CREATE TYPE sales.state AS ENUM ('open', 'paid');
      CREATE TABLE sales."Order Lines" ("Order" bigint, line smallint, "constructor" text, price numeric, weight real,
        sold timestamp, at timestamptz, state sales.state, tags text[], spans interval, raw bytea, doc jsonb, ok boolean,
        big text, PRIMARY KEY ("Order", line));
      INSERT INTO sales."Order Lines" SELECT 9007199254740993 + i / 10, i % 10, 'c' || i, i / 7.0, i / 3.0::real,
        timestamp '2026-01-01' + i * interval '1 minute', now(), 'open', array['a', null, 'b"c,'], interval '1 day' * i,
        decode(md5(i::text), 'hex'), jsonb_build_object('n', 12345678901234567890, 'i', i), i % 2 = 0,
        repeat(md5(i::text), 300) FROM generate_series(1, 3000) i;
      CREATE TABLE public.notes (id uuid PRIMARY KEY, body varchar(200) NOT NULL);
      INSERT INTO public.notes SELECT gen_random_uuid(), 'n' || i FROM generate_series(1, 500) i`)
    const dir = join(scratch.path, 'run')
    const source = ['--source', server.url, '--tables', 'sales.*', 'public.notes']
    const run = startTidemark(['dev', ...source, '--dir', dir, '--json'])
    await untilStatus(dir, (tables) => tables.every(({ state }) => state === 'streaming'))
    await sql(`UPDATE sales."Order Lines" SET price = price * 2, state = 'paid' WHERE line < 3`)
    await sql(
      `UPDATE sales."Order Lines" SET line = line + 100 WHERE line = 5; DELETE FROM public.notes WHERE body < 'n3'`,
    )
    await sql(
      `BEGIN; TRUNCATE public.notes; INSERT INTO public.notes VALUES (gen_random_uuid(), 'after'); COMMIT`,
    )
    run.interrupt()
    const end = await run.finished
    expect(lastJson(end), end.stderr).toMatchObject({
      equal: true,
      quarantined: 0,
      tables: [
        { table: 'public.notes', sourceRows: 1, lakeRows: 1 },
        { table: 'sales.order_lines', sourceRows: 3_000, lakeRows: 3_000 },
      ],
    })
    expect(end.code).toBe(0)

    const again = await inProcess(['reconcile', '--dir', dir, '--json'], { TIDEMARK_SOURCE: server.url })
    expect(lastJson(again), again.stderr).toMatchObject({ equal: true })
    const unnamed = await inProcess(['reconcile', '--dir', dir, '--json'])
    expect(lastJson(unnamed)).toMatchObject({ error: { code: 'usage/invalid' } })
  })

  test('G6: what a contract cannot hold is in quarantine with its reasons, its neighbours are in the lake', async () => {
    await sql(`
      CREATE SCHEMA limits;
      CREATE TABLE limits.days (id integer PRIMARY KEY, day date, at timestamptz);
      INSERT INTO limits.days VALUES (1, '2026-01-01', now()), (2, 'infinity', now()), (3, '2026-01-03', '-infinity'), (4, '0044-03-15 BC', now()), (5, null, null)`)
    const dir = join(scratch.path, 'limits')
    const args = [
      'dev',
      '--source',
      server.url,
      '--tables',
      'limits.*',
      '--slot',
      'limits',
      '--publication',
      'limits',
      '--dir',
      dir,
    ]
    const end = await inProcess([...args, '--for', '1s', '--json'])
    expect(lastJson(end), end.stderr).toMatchObject({
      equal: true,
      quarantined: 3,
      tables: [{ table: 'limits.days', sourceRows: 5, lakeRows: 2, quarantinedKeys: ['2', '3', '4'] }],
    })
    const { stdout } = await tidemark([
      'query',
      '--dir',
      dir,
      '--json',
      'select id from limits.days order by id',
    ])
    expect(JSON.parse(stdout)).toEqual([{ id: 1 }, { id: 5 }])
  })

  test('what stands in the way is refused with its code and the SQL that mends it', async () => {
    await sql('CREATE SCHEMA keyless; CREATE TABLE keyless.log (line text)')
    const refusal = (args: readonly string[]) =>
      inProcess(['dev', '--dir', join(scratch.path, 'refused'), '--json', '--for', '1s', ...args])
    const keyless = await refusal(['--source', server.url, '--tables', 'keyless.*'])
    expect(lastJson(keyless)).toMatchObject({
      error: {
        code: 'source/no-primary-key',
        message: expect.stringContaining('ALTER TABLE "keyless"."log" ADD PRIMARY KEY'),
      },
    })
    expect(keyless.code).toBe(2)
    const foreign = await refusal(['--source', server.url, '--tables', 'public.notes', '--slot', 'limits'])
    expect(lastJson(foreign)).toMatchObject({ error: { code: 'source/slot-foreign' } })
    const nothing = await refusal(['--source', server.url, '--tables', 'nowhere.*'])
    expect(lastJson(nothing)).toMatchObject({ error: { code: 'source/no-tables' } })
    const wrong = await refusal([
      '--source',
      server.url.replace(/:[^:@]+@/, ':wrong@'),
      '--tables',
      'public.*',
    ])
    expect(lastJson(wrong)).toMatchObject({ error: { code: 'source/authentication' } })
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong@')
  })

  test('a lost slot is named, and --reload makes the lake equal again without it', async () => {
    await sql(
      'CREATE SCHEMA slots; CREATE TABLE slots.t (id integer PRIMARY KEY, v text); INSERT INTO slots.t SELECT i FROM generate_series(1, 100) i',
    )
    const dir = join(scratch.path, 'slots')
    const args = [
      'dev',
      '--source',
      server.url,
      '--tables',
      'slots.*',
      '--slot',
      'slots',
      '--publication',
      'slots',
      '--dir',
      dir,
      '--json',
      '--for',
      '1s',
    ]
    expect(lastJson(await inProcess(args))).toMatchObject({ equal: true })
    await sql(
      `SELECT pg_drop_replication_slot('slots'); DELETE FROM slots.t WHERE id <= 50; UPDATE slots.t SET v = 'x'`,
    )
    expect(lastJson(await inProcess(args))).toMatchObject({ error: { code: 'source/slot-lost' } })
    expect(lastJson(await inProcess([...args, '--reload']))).toMatchObject({
      equal: true,
      tables: [{ table: 'slots.t', sourceRows: 50, lakeRows: 50 }],
    })
  })

  test('G10 a pipeline that is killed while a table is added has it at its next start, equal', async () => {
    await sql(`
      CREATE SCHEMA shop;
      CREATE TABLE shop.orders (id int PRIMARY KEY, n int);
      INSERT INTO shop.orders SELECT i, i FROM generate_series(1, 500) i;
      CREATE TABLE shop.items (id int PRIMARY KEY, n int);
      INSERT INTO shop.items SELECT i, i FROM generate_series(1, 800) i`)
    const dir = join(scratch.path, 'adding')
    const dev = [
      'dev',
      '--source',
      server.url,
      '--tables',
      'shop.orders',
      '--slot',
      'adding',
      '--publication',
      'adding',
      '--dir',
      dir,
    ]
    const first = startTidemark(dev)
    await untilStatus(dir, (tables) => tables.every(({ state }) => state === 'streaming'))
    const adding = startTidemark(['table', 'add', 'shop.items', '--dir', dir])
    await until(async () => (await storedRun(runFolder(dir)))?.added.includes('shop.items') === true)
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
  })

  test('contract infer prints contracts and never overwrites a file unasked', async () => {
    const printed = await inProcess(['contract', 'infer', '--from', server.url, '--tables', 'public.notes'])
    expect(printed.stdout).toContain("name: 'public.notes'")
    expect(printed.stdout).toContain('col.varchar(')
    const out = join(scratch.path, 'schemas')
    const write = ['contract', 'infer', '--from', server.url, '--tables', 'public.notes', '--out', out]
    expect((await inProcess([...write, '--dry-run'])).stderr).toContain('would write')
    expect((await inProcess(write)).code).toBe(0)
    const samples = await readdir(join(out, 'public/notes/samples'))
    expect(samples.sort()).toEqual(['v1.a-stored-row.pass.json', 'v1.no-key.fail.json'])
    const sample = await readFile(join(out, 'public/notes/samples/v1.a-stored-row.pass.json'), 'utf8')
    expect(sample).not.toContain('after')
    const tested = await tidemark(['contract', 'test', '--contracts', out])
    expect(tested.code, tested.stdout + tested.stderr).toBe(0)
    const second = await inProcess(write)
    expect(second.code).toBe(2)
    expect(second.stderr).toContain('--force')
  })
})
