import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Column, col } from '../../../core/contract/language/column.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { AddStep } from '../../../local/run/tables/add-tables.ts'
import { requestTableAdd } from '../../../local/run/tables/request-table-add.ts'
import { refusal, type SourceServer, startSource, until } from '../../engine/postgres/source-server.ts'
import { whole } from '../../support/budget.ts'
import { AddingFixture, newTable } from './adding-fixture.ts'
import { startWriters } from './source-writers.ts'

let server: SourceServer
/* One for all: each test has tables of its own. */
let lab: AddingFixture

beforeAll(async () => {
  server = await startSource()
  lab = await AddingFixture.open(server)
})
afterAll(async () => {
  await lab.close()
  await server.stop()
})

async function slotOf(): Promise<unknown> {
  const { rows } = await lab.sql(
    `select s.slot_name, p.oid::text from pg_replication_slots s, pg_publication p where not s.temporary`,
  )
  return rows
}

describe('a table that is added while the pipeline runs', () => {
  test('G1 G2 G3 is equal with every change of it and of its neighbours, under traffic to both', async () => {
    await lab.sql(newTable('items', 300))
    const writers = await startWriters(lab.database.source, ['public.orders', 'public.items'])
    /* A transaction that has written to the old table before, and writes to the new one after. */
    const late = new pg.Client({ connectionString: lab.database.source.url })
    await late.connect()
    await late.query(`BEGIN; UPDATE public.orders SET note = 'late' WHERE id = 1`)
    const before = await slotOf()
    const added = await lab.add(['public.items'], {
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
    expect(await lab.verdicts()).toEqual(['public.items', 'public.orders'])
    expect(await slotOf()).toEqual(before)
  })

  test('that is captured already is said to be, and nothing happens', async () => {
    const before = await lab.noted()
    expect(await lab.add(['public.items', 'public.orders'])).toMatchObject({
      tables: [{ state: 'already' }, { state: 'already' }],
      interruption: null,
      load: null,
    })
    expect(await lab.noted()).toEqual(before)
  })

  const STEPS = ['checked', 'recorded', 'registered', 'published', 'reading', 'loading'] as const

  /* As a crash there: of the steps after it none is done, and nobody takes one back. */
  const killedAt = async (step: AddStep, name: string) => {
    await lab.sql(newTable(name))
    const onStep = (reached: AddStep) => {
      if (reached === step) throw new Error('killed')
    }
    await expect(lab.add([`public.${name}`], { onStep })).rejects.toThrow('killed')
    await lab.sql(`UPDATE public.${name} SET n = 0 WHERE id < 9; DELETE FROM public.${name} WHERE id = 12`)
  }

  test('G10 stopped after any step is finished by asking again', async () => {
    for (const step of STEPS) await killedAt(step, `again_${step}`)
    const names = STEPS.map((step) => `public.again_${step}`)
    expect(await lab.add(names)).toMatchObject({ isDryRun: false })
    expect(await lab.verdicts(...names)).toEqual(names.toSorted())
  })

  whole('G10 stopped after a step that changed something it is finished by the next start', async () => {
    const steps = ['recorded', 'published', 'reading'] as const
    for (const step of steps) await killedAt(step, `start_${step}`)
    await lab.stop()
    await lab.sql(`UPDATE public.start_published SET n = 1; DELETE FROM public.orders WHERE id = 7`)
    await lab.start()
    const names = steps.map((step) => `public.start_${step}`)
    expect(await lab.verdicts(...names, 'public.orders')).toEqual(['public.orders', ...names.toSorted()])
  })

  whole('waits for the transactions that have written to it, and for nobody else', async () => {
    await lab.sql(newTable('held'))
    const writer = new pg.Client({ connectionString: lab.database.source.url })
    await writer.connect()
    await writer.query(`BEGIN; UPDATE public.held SET n = -1 WHERE id = 5`)
    const adding = lab.add(['public.held'])
    await until(async () => {
      const waiting = `select from pg_locks where not granted and relation = 'public.held'::regclass`
      return (await lab.sql(waiting)).rows.length > 0
    })
    await lab.sql(`UPDATE public.orders SET n = -1 WHERE id = 5`)
    await writer.query('COMMIT')
    await writer.end()
    expect(await adding).toMatchObject({ tables: [{ state: 'added' }] })
    expect(await lab.verdicts('public.held', 'public.orders')).toEqual(['public.held', 'public.orders'])
  })

  whole('whose asker gives up while it waits is captured neither now nor at the next start', async () => {
    await lab.sql(newTable('given_up'))
    const before = await lab.noted()
    const writer = new pg.Client({ connectionString: lab.database.source.url })
    await writer.connect()
    await writer.query(`BEGIN; UPDATE public.given_up SET n = -1 WHERE id = 5`)
    const asker = new AbortController()
    const steps: AddStep[] = []
    const onStep = (step: AddStep) => {
      steps.push(step)
      if (step === 'waiting') asker.abort()
    }
    const error = await refusal(lab.add(['public.given_up'], { onStep, signal: asker.signal }))
    await writer.end()
    expect([error.code, steps]).toEqual([
      'source/table-busy',
      ['checked', 'recorded', 'registered', 'waiting'],
    ])
    expect(await lab.noted()).toEqual(before)
  })

  test('G10 whose pipeline is stopped while it waits is captured by the next start', async () => {
    await lab.sql(newTable('halted'))
    const writer = new pg.Client({ connectionString: lab.database.source.url })
    await writer.connect()
    await writer.query(`BEGIN; UPDATE public.halted SET n = -1 WHERE id = 5`)
    const adding = refusal(lab.add(['public.halted']))
    await until(async () => {
      const waiting = `select from pg_locks where not granted and relation = 'public.halted'::regclass`
      return (await lab.sql(waiting)).rows.length > 0
    })
    await lab.stop()
    expect((await adding).code).toBe('run/locked')
    await writer.query('COMMIT')
    await writer.end()
    await lab.start()
    expect(await lab.verdicts('public.halted')).toEqual(['public.halted'])
  })

  test('without a load has the changes from now on, the proof names the rest, and a load brings it', async () => {
    await lab.sql(newTable('bare'))
    const bare = await lab.add(['public.bare'], { isLoaded: false })
    expect(bare).toMatchObject({ load: null, tables: [{ state: 'added' }] })
    await lab.sql(`UPDATE public.bare SET n = 0 WHERE id = 3`)
    await lab.reopen()
    expect(await lab.verdicts('public.bare')).toEqual(['!public.bare'])
    const shown = () => lab.run.status().tables.find(({ table }) => table === 'public.bare')?.state
    expect(shown()).toBe('unloaded')
    const again = await lab.add(['public.bare'])
    expect(again).toMatchObject({ tables: [{ state: 'already' }], load: expect.any(String) })
    await until(() => shown() === 'streaming')
    expect(await lab.verdicts('public.bare')).toEqual(['public.bare'])
  })

  whole('that was dropped and made anew is captured and loaded again, and not without its load', async () => {
    await lab.sql(`DROP TABLE public.bare; ${newTable('bare', 4)}`)
    expect((await refusal(lab.add(['public.bare'], { isLoaded: false }))).code).toBe('usage/invalid')
    expect(await lab.add(['public.bare'])).toMatchObject({ tables: [{ state: 'added' }] })
    expect(await lab.verdicts('public.bare')).toEqual(['public.bare'])
  })

  whole('stays captured at later starts, until it is dropped or a pattern leaves it out', async () => {
    await lab.sql('DROP TABLE public.bare')
    await lab.reopen(['!public.again_*', '!public.start_*'])
    expect(await lab.verdicts()).toEqual([
      ...['public.halted', 'public.held', 'public.items', 'public.orders'],
    ])
  })

  test('a dry run says what would be done, and changes nothing', async () => {
    await lab.sql(newTable('planned'))
    const before = await lab.noted()
    expect(await lab.add(['public.planned'], { isDryRun: true })).toEqual({
      isDryRun: true,
      leftOut: [],
      interruption: null,
      load: null,
      tables: [
        { table: 'public.planned', contracts: ['public.planned v1'], isInferred: true, state: 'planned' },
      ],
    })
    expect(await lab.noted()).toEqual(before)
    const { rows } = await lab.sql(`select from pg_publication_tables where tablename = 'planned'`)
    expect(rows).toEqual([])
  })

  test.each([
    ['keyless', 'source/no-primary-key', 'ADD PRIMARY KEY'],
    ['mute', 'source/replica-identity', 'REPLICA IDENTITY DEFAULT'],
    ['gone', 'source/no-tables', 'public.gone'],
    ['i*', 'usage/invalid', 'without *'],
  ] as const)('public.%s is refused before anything changes', async (name, code, hint) => {
    await lab.sql(`CREATE TABLE IF NOT EXISTS public.keyless (id int);
      CREATE TABLE IF NOT EXISTS public.mute (id int PRIMARY KEY); ALTER TABLE public.mute REPLICA IDENTITY NOTHING`)
    const before = await lab.noted()
    const error = await refusal(lab.add([`public.${name}`]))
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(hint)])
    expect(await lab.noted()).toEqual(before)
  })
})

describe('asked from another process', () => {
  const request = (name: string, written: readonly Table[], url?: string) =>
    requestTableAdd({
      dir: lab.dir,
      names: [name],
      isLoaded: true,
      isDryRun: false,
      written,
      source: url === undefined ? undefined : { url },
      signal: AbortSignal.timeout(60_000),
      onProgress: () => undefined,
    })

  function contract(table: string, id: Column): Table {
    return {
      name: 'shop.things',
      version: 1,
      owner: 'shop@tidemark.example',
      description: 'Things of the shop',
      source: { system: 'adding', table },
      primaryKey: ['id'],
      partitionBy: {},
      unknownFields: 'keep' as const,
      columns: { id },
    }
  }

  const planned = contract('public.planned', col.bigint('Number given by the shop'))

  test('the one that runs does it, by the name of a contract that was written meanwhile', async () => {
    lab.written = [planned]
    expect(await request('shop.things', lab.written)).toMatchObject({
      tables: [{ table: 'public.planned', contracts: ['shop.things v1'], isInferred: false, state: 'added' }],
      load: expect.any(String),
    })
    expect(await lab.verdicts('shop.things')).toEqual(['shop.things'])
  })

  test('a contract that is another one in the process that runs is refused', async () => {
    lab.written = [contract('public.mute', col.bigint('Number given by the shop'))]
    await lab.sql('ALTER TABLE public.mute REPLICA IDENTITY DEFAULT')
    const mine = [contract('public.mute', col.integer('Number given by the shop'))]
    expect((await refusal(request('shop.things', mine))).code).toBe('run/contract-changed')
    expect((await lab.noted()).added).not.toContain('public.mute')
    lab.written = [planned]
  })

  whole('where none runs the table is checked and noted, and the next start captures it', async () => {
    await lab.stop()
    const { url } = lab.database.source
    expect((await refusal(request('public.mute', []))).code).toBe('run/not-running')
    expect((await refusal(request('public.gone', [], url))).code).toBe('source/no-tables')
    expect(await request('public.mute', lab.written, url)).toMatchObject({
      tables: [{ state: 'at-next-start' }],
      load: null,
    })
    await lab.start()
    expect(await lab.verdicts('public.mute')).toEqual(['public.mute'])
  })
  test('G7 without the contracts it was started with it does not start, and no other may infer them', async () => {
    await lab.stop()
    lab.written = []
    const { url } = lab.database.source
    expect((await refusal(lab.start())).code).toBe('run/contract-missing')
    expect((await refusal(request('public.mute', [], url))).code).toBe('run/contract-missing')
    lab.written = [planned]
    await lab.start()
    expect(await lab.verdicts('shop.things')).toEqual(['shop.things'])
  })
})
