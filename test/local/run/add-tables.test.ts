import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AddStep } from '../../../local/run/add-tables.ts'
import { refusal, type SourceServer, startSource, until } from '../replicator/source-server.ts'
import { AddingLab, EQUAL, ITEMS } from './adding-lab.ts'
import { startWriters } from './source-writers.ts'

let server: SourceServer
let lab: AddingLab

beforeAll(async () => {
  server = await startSource()
})
afterAll(() => server.stop())
beforeEach(async () => {
  lab = await AddingLab.open(server)
})
afterEach(() => lab.close())

async function slotOf(): Promise<unknown> {
  const { rows } = await lab.sql(
    `select catalog_xmin::text is not null as kept, (select oid::text from pg_publication) as publication from pg_replication_slots where slot_name = 'adding'`,
  )
  return rows
}

describe('a table that is added while the pipeline runs', () => {
  test('G1 G2 G3 is equal with every change of it and of its neighbours, under traffic to both', async () => {
    await lab.sql(ITEMS)
    const writers = await startWriters(lab.database.source, ['public.orders', 'public.items'])
    /* A transaction that has written to the old table before, and writes to the new one after. */
    const late = new pg.Client({ connectionString: lab.database.source.url })
    await late.connect()
    await late.query(`BEGIN; UPDATE public.orders SET note = 'late' WHERE id = 1`)
    const before = await slotOf()
    const added = await lab.add({
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
      lab.run.status().tables.some(({ table, changes }) => table === 'public.items' && changes > 100),
    )
    await writers.stop()
    expect(await lab.verdicts()).toEqual(EQUAL)
    expect(await slotOf()).toEqual(before)
    await lab.reopen()
    expect(await lab.verdicts()).toEqual(EQUAL)
  })

  const STEPS = ['checked', 'recorded', 'registered', 'published', 'reading', 'loading'] as const

  /* As a crash there: of the steps after it none is done, and nobody takes one back. */
  const killedAt = (step: AddStep, table: string) =>
    expect(
      lab.add({
        tables: [table],
        onStep: (reached) => {
          if (reached === step) throw new Error('killed')
        },
      }),
    ).rejects.toThrow('killed')

  test('G10 stopped after any step is finished by asking again', async () => {
    for (const step of STEPS) {
      await lab.sql(`CREATE TABLE public.${step} (id int PRIMARY KEY, n int);
        INSERT INTO public.${step} SELECT i, i FROM generate_series(1, 20) i`)
      await killedAt(step, `public.${step}`)
      await lab.sql(`UPDATE public.${step} SET n = 0 WHERE id < 9; DELETE FROM public.${step} WHERE id = 12`)
      expect(await lab.add({ tables: [`public.${step}`] })).toMatchObject({ isDryRun: false })
    }
    const names = ['public.orders', ...STEPS.map((step) => `public.${step}`)]
    expect(await lab.verdicts()).toEqual(Object.fromEntries(names.map((name) => [name, true])))
  })

  test('G10 stopped after any step that changed something it is finished by the next start', async () => {
    for (const step of STEPS) {
      await lab.sql(`CREATE TABLE public.${step} (id int PRIMARY KEY, n int);
        INSERT INTO public.${step} SELECT i, i FROM generate_series(1, 20) i`)
      await killedAt(step, `public.${step}`)
      await lab.stop()
      await lab.sql(`UPDATE public.${step} SET n = 0 WHERE id < 9; DELETE FROM public.orders WHERE id = 7`)
      await lab.start()
    }
    const names = ['public.orders', ...STEPS.slice(1).map((step) => `public.${step}`)]
    expect(await lab.verdicts()).toEqual(Object.fromEntries(names.map((name) => [name, true])))
  })

  test('waits for the transactions that have written to it, and for nobody else', async () => {
    await lab.sql(ITEMS)
    const writer = new pg.Client({ connectionString: lab.database.source.url })
    await writer.connect()
    await writer.query(`BEGIN; UPDATE public.items SET n = -1 WHERE id = 5`)
    const adding = lab.add()
    await until(async () => {
      const { rows } = await lab.sql(
        `select from pg_locks where not granted and relation = 'public.items'::regclass`,
      )
      return rows.length > 0
    })
    await lab.sql(`UPDATE public.orders SET n = -1 WHERE id = 5`)
    await writer.query('COMMIT')
    await writer.end()
    expect(await adding).toMatchObject({ tables: [{ state: 'added' }] })
    expect(await lab.verdicts()).toEqual(EQUAL)
  })

  test('that is captured already is said to be, and nothing happens', async () => {
    await lab.sql(ITEMS)
    await lab.add()
    expect(await lab.verdicts()).toEqual(EQUAL)
    const before = await lab.noted()
    expect(await lab.add({ tables: ['public.items', 'public.orders'] })).toMatchObject({
      tables: [{ state: 'already' }, { state: 'already' }],
      interruption: null,
      load: null,
    })
    expect(await lab.noted()).toEqual(before)
  })

  test('without a load has the changes from now on, the proof names the rest, and a load brings it', async () => {
    await lab.sql(ITEMS)
    expect(await lab.add({ isLoaded: false })).toMatchObject({ load: null, tables: [{ state: 'added' }] })
    await lab.sql(`UPDATE public.items SET n = 0 WHERE id = 3`)
    await lab.reopen()
    expect(await lab.verdicts()).toEqual({ ...EQUAL, 'public.items': false })
    expect(lab.run.status().tables).toContainEqual(
      expect.objectContaining({ table: 'public.items', state: 'unloaded' }),
    )
    expect(await lab.add()).toMatchObject({ tables: [{ state: 'already' }], load: expect.any(String) })
    await until(() => lab.run.status().tables.every(({ state: at }) => at === 'streaming'))
    expect(await lab.verdicts()).toEqual(EQUAL)
  })

  test('a dry run says what would be done and changes nothing', async () => {
    await lab.sql(ITEMS)
    const before = await lab.noted()
    expect(await lab.add({ isDryRun: true })).toEqual({
      isDryRun: true,
      tables: [{ table: 'public.items', contracts: ['public.items v1'], isInferred: true, state: 'planned' }],
      interruption: null,
      load: null,
    })
    expect(await lab.noted()).toEqual(before)
    const { rows } = await lab.sql('select tablename from pg_publication_tables')
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
    await lab.sql(sql)
    const before = await lab.noted()
    const error = await refusal(lab.add())
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(hint)])
    expect(await lab.noted()).toEqual(before)
  })

  test('stays captured at later starts, until a pattern leaves it out or it is dropped', async () => {
    await lab.sql(ITEMS)
    await lab.add()
    await lab.run.loaded(AbortSignal.timeout(20_000))
    await lab.stop()
    await lab.start(['!public.items'])
    expect(await lab.verdicts()).toEqual({ 'public.orders': true })
    await lab.reopen()
    expect(await lab.verdicts()).toEqual(EQUAL)
    await lab.sql('DROP TABLE public.items')
    await lab.reopen()
    expect(await lab.verdicts()).toEqual({ 'public.orders': true })
  })

  test('that was dropped and made anew is captured and loaded again, and not without its load', async () => {
    await lab.sql(ITEMS)
    await lab.add()
    expect(await lab.verdicts()).toEqual(EQUAL)
    await lab.sql(`DROP TABLE public.items; ${ITEMS}; DELETE FROM public.items WHERE id > 10`)
    expect((await refusal(lab.add({ isLoaded: false }))).code).toBe('usage/invalid')
    expect(await lab.add()).toMatchObject({ tables: [{ state: 'added' }] })
    expect(await lab.verdicts()).toEqual(EQUAL)
  })
})
