import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AddStep } from '../../../local/run/add-tables.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { requestTableAdd } from '../../../local/run/request-table-add.ts'
import {
  refusal,
  type SourceDatabase,
  type SourceServer,
  startSource,
  until,
} from '../replicator/source-server.ts'
import { startWriters } from './source-writers.ts'

const SCHEMA = `
  CREATE TABLE public.orders (id bigint PRIMARY KEY, n int NOT NULL, note text);
  INSERT INTO public.orders SELECT i, i, 'o' FROM generate_series(1, 200) i`
const ITEMS = `
  CREATE TABLE public.items (id bigint PRIMARY KEY, n int NOT NULL, note text);
  INSERT INTO public.items SELECT i, i, repeat('i', 50) FROM generate_series(1, 300) i`

let server: SourceServer
let database: SourceDatabase
let dir: string
let run: LocalRun | undefined

beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-add-'))
  database = await server.database(SCHEMA)
  await open()
})
afterEach(async () => {
  await run?.stop()
  run = undefined
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
})

/* What a person starts again: the patterns name the first table only. */
async function open(): Promise<LocalRun> {
  run = await openLocalRun({
    ...{ dir, source: database.source, isEmbedded: false, system: 'adding', contracts: [] },
    ...{ patterns: ['public.orders'], slot: 'adding', publication: 'adding', reload: false },
    ...{ hints: { bytes: 1 << 20, milliseconds: 20 }, compactEveryMs: 0, proveEveryMs: 0 },
    log: { info: () => undefined, warn: () => undefined },
  })
  await run.loaded(AbortSignal.timeout(20_000))
  return run
}

function now(): LocalRun {
  if (run === undefined) throw new Error('no run')
  return run
}

async function reopen(): Promise<void> {
  await run?.stop()
  await open()
}

interface Asked {
  readonly tables?: readonly string[]
  readonly isLoaded?: boolean
  readonly isDryRun?: boolean
  readonly onStep?: (step: AddStep) => Promise<void> | void
}

function add({
  tables = ['public.items'],
  isLoaded = true,
  isDryRun = false,
  onStep = () => undefined,
}: Asked = {}) {
  const context = { signal: AbortSignal.timeout(20_000), onStep }
  return now().addTables({ tables, isLoaded, isDryRun, contracts: {} }, context)
}

async function verdicts(): Promise<Readonly<Record<string, boolean>>> {
  const signal = AbortSignal.timeout(20_000)
  await now().loaded(signal)
  const { tables } = await now().reconcile(signal)
  return Object.fromEntries(tables.map(({ table, equal }) => [table, equal]))
}

const EQUAL = { 'public.orders': true, 'public.items': true }

async function slotOf(): Promise<unknown> {
  const { rows } = await database.client.query(
    `select catalog_xmin::text is not null as kept, (select oid::text from pg_publication) as publication from pg_replication_slots where slot_name = 'adding'`,
  )
  return rows
}

function state(): Promise<string> {
  return readFile(join(dir, 'state.json'), 'utf8')
}

describe('a table that is added while the pipeline runs', () => {
  test('G1 G2 G3 is equal with every change of it and of its neighbours, under traffic to both', async () => {
    await database.client.query(ITEMS)
    const writers = await startWriters(database.source, ['public.orders', 'public.items'])
    /* A transaction that has written to the old table before, and writes to the new one after. */
    const late = new pg.Client({ connectionString: database.source.url })
    await late.connect()
    await late.query(`BEGIN; UPDATE public.orders SET note = 'late' WHERE id = 1`)
    const before = await slotOf()
    const added = await add({
      onStep: async (step) => {
        if (step !== 'published') return
        await late.query(
          `UPDATE public.items SET note = 'late' WHERE id = 1; INSERT INTO public.items VALUES (-1, 1)`,
        )
        await late.query('COMMIT')
        const done = writers.written()
        await until(() => writers.written() > done + 20)
      },
    })
    await late.end()
    expect(added).toMatchObject({
      tables: [{ table: 'public.items', contracts: ['public.items v1'], isInferred: true, state: 'added' }],
      interruption: { milliseconds: expect.any(Number), heldBytes: expect.any(Number) },
      load: expect.any(String),
    })
    /* What was written while nobody read is still in the log. */
    expect(added.interruption?.heldBytes).toBeGreaterThan(1_000)
    await until(() =>
      now()
        .status()
        .tables.some(({ table, changes }) => table === 'public.items' && changes > 100),
    )
    await writers.stop()
    expect(await verdicts()).toEqual(EQUAL)
    expect(await slotOf()).toEqual(before)
    await reopen()
    expect(await verdicts()).toEqual(EQUAL)
  })

  const STEPS = ['checked', 'recorded', 'registered', 'published', 'reading', 'loading'] as const

  /* As a crash there: of the steps after it none is done, and nobody takes one back. */
  const killedAt = (step: AddStep, table: string) =>
    expect(
      add({
        tables: [table],
        onStep: (reached) => {
          if (reached === step) throw new Error('killed')
        },
      }),
    ).rejects.toThrow('killed')

  test('G10 stopped after any step is finished by asking again', async () => {
    for (const step of STEPS) {
      await database.client.query(`CREATE TABLE public.${step} (id int PRIMARY KEY, n int);
        INSERT INTO public.${step} SELECT i, i FROM generate_series(1, 20) i`)
      await killedAt(step, `public.${step}`)
      await database.client.query(
        `UPDATE public.${step} SET n = 0 WHERE id < 9; DELETE FROM public.${step} WHERE id = 12`,
      )
      expect(await add({ tables: [`public.${step}`] })).toMatchObject({ isDryRun: false })
    }
    const names = ['public.orders', ...STEPS.map((step) => `public.${step}`)]
    expect(await verdicts()).toEqual(Object.fromEntries(names.map((name) => [name, true])))
  })

  test('G10 stopped after any step that changed something it is finished by the next start', async () => {
    for (const step of STEPS) {
      await database.client.query(`CREATE TABLE public.${step} (id int PRIMARY KEY, n int);
        INSERT INTO public.${step} SELECT i, i FROM generate_series(1, 20) i`)
      await killedAt(step, `public.${step}`)
      await now().stop()
      await database.client.query(
        `UPDATE public.${step} SET n = 0 WHERE id < 9; DELETE FROM public.orders WHERE id = 7`,
      )
      await open()
    }
    const names = ['public.orders', ...STEPS.slice(1).map((step) => `public.${step}`)]
    expect(await verdicts()).toEqual(Object.fromEntries(names.map((name) => [name, true])))
  })

  test('waits for the transactions that have written to it, and for nobody else', async () => {
    await database.client.query(ITEMS)
    const writer = new pg.Client({ connectionString: database.source.url })
    await writer.connect()
    await writer.query(`BEGIN; UPDATE public.items SET n = -1 WHERE id = 5`)
    const adding = add()
    await until(async () => {
      const { rows } = await database.client.query(
        `select from pg_locks where not granted and relation = 'public.items'::regclass`,
      )
      return rows.length > 0
    })
    await database.client.query(`UPDATE public.orders SET n = -1 WHERE id = 5`)
    await writer.query('COMMIT')
    await writer.end()
    expect(await adding).toMatchObject({ tables: [{ state: 'added' }] })
    expect(await verdicts()).toEqual(EQUAL)
  })

  test('that is captured already is said to be, and nothing happens', async () => {
    await database.client.query(ITEMS)
    await add()
    expect(await verdicts()).toEqual(EQUAL)
    const before = await state()
    expect(await add({ tables: ['public.items', 'public.orders'] })).toMatchObject({
      tables: [{ state: 'already' }, { state: 'already' }],
      interruption: null,
      load: null,
    })
    expect(await state()).toBe(before)
  })

  test('without a load has the changes from now on, the proof names the rest, and a load brings it', async () => {
    await database.client.query(ITEMS)
    expect(await add({ isLoaded: false })).toMatchObject({ load: null, tables: [{ state: 'added' }] })
    await database.client.query(`UPDATE public.items SET n = 0 WHERE id = 3`)
    await reopen()
    expect(await verdicts()).toEqual({ ...EQUAL, 'public.items': false })
    expect(now().status().tables).toContainEqual(
      expect.objectContaining({ table: 'public.items', state: 'unloaded' }),
    )
    expect(await add()).toMatchObject({ tables: [{ state: 'already' }], load: expect.any(String) })
    await until(() =>
      now()
        .status()
        .tables.every(({ state: at }) => at === 'streaming'),
    )
    expect(await verdicts()).toEqual(EQUAL)
  })

  test('a dry run says what would be done and changes nothing', async () => {
    await database.client.query(ITEMS)
    const before = await state()
    expect(await add({ isDryRun: true })).toEqual({
      isDryRun: true,
      tables: [{ table: 'public.items', contracts: ['public.items v1'], isInferred: true, state: 'planned' }],
      interruption: null,
      load: null,
    })
    expect(await state()).toBe(before)
    const { rows } = await database.client.query('select tablename from pg_publication_tables')
    expect(rows).toEqual([{ tablename: 'orders' }])
  })

  test.each([
    ['CREATE TABLE public.items (id int)', 'source/no-primary-key', 'ADD PRIMARY KEY'],
    [
      'CREATE TABLE public.items (id int PRIMARY KEY); ALTER TABLE public.items REPLICA IDENTITY NOTHING',
      'source/replica-identity',
      'REPLICA IDENTITY DEFAULT',
    ],
    ['', 'source/no-tables', 'public.items'],
  ] as const)('%s is refused before anything changes', async (sql, code, hint) => {
    await database.client.query(sql)
    const before = await state()
    const error = await refusal(add())
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(hint)])
    expect(await state()).toBe(before)
  })

  test('that was dropped and made anew is captured and loaded again, and not without its load', async () => {
    await database.client.query(ITEMS)
    await add()
    expect(await verdicts()).toEqual(EQUAL)
    await database.client.query(`DROP TABLE public.items; ${ITEMS}; DELETE FROM public.items WHERE id > 10`)
    expect((await refusal(add({ isLoaded: false }))).code).toBe('usage/invalid')
    expect(await add()).toMatchObject({ tables: [{ state: 'added' }] })
    expect(await verdicts()).toEqual(EQUAL)
  })
})

describe('asked from another process', () => {
  const request = (source?: SourceDatabase['source']) =>
    requestTableAdd({
      ...{ dir, names: ['public.items'], isLoaded: true, isDryRun: false, written: [], source },
      signal: AbortSignal.timeout(20_000),
      onProgress: () => undefined,
    })

  test('the one that runs does it', async () => {
    await database.client.query(ITEMS)
    expect(await request()).toMatchObject({ tables: [{ state: 'added' }], load: expect.any(String) })
    expect(await verdicts()).toEqual(EQUAL)
  })

  test('where none runs the table is checked and noted, and the next start captures it', async () => {
    await now().stop()
    run = undefined
    expect((await refusal(request())).code).toBe('run/not-running')
    expect((await refusal(request(database.source))).code).toBe('source/no-tables')
    await database.client.query(ITEMS)
    expect(await request(database.source)).toMatchObject({ tables: [{ state: 'at-next-start' }], load: null })
    await open()
    expect(await verdicts()).toEqual(EQUAL)
  })
})
