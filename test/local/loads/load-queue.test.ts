import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Load, loadState } from '../../../core/load/load.ts'
import type { LoadRunner } from '../../../local/loads/load-runner.ts'
import { openScratch, type Scratch } from '../sample/scratch.ts'
import { ended, RunnerFixture } from './runner-fixture.ts'

const TABLE = 'public.rota'
let scratch: Scratch
let stage: RunnerFixture

beforeAll(async () => {
  scratch = await openScratch(0o755)
  stage = await RunnerFixture.open(scratch)
})
afterEach(() => stage.stop())
afterAll(() => scratch.clear())

describe('cancel', () => {
  test.each(['publish', 'land', 'landed', 'save loading', 'audit', 'floor'])(
    'at "%s" ends the load for good, here and on disk, and its table is free',
    async (when) => {
      let cancelled: Promise<Load> | undefined
      const runner: LoadRunner = await stage.running(async (step) => {
        if (step !== when || cancelled !== undefined) return
        const { id } = runner.loads().at(-1) ?? { id: '' }
        /* Not waited for where the ledger saves: a cancel saves too. */
        cancelled = runner.cancel(id)
        if (!step.startsWith('save')) await cancelled
      })
      const before = (await stage.floors(TABLE)).length
      const { id } = await runner.start({ tables: [TABLE] })
      await ended(runner, id)
      /* A load that comes after it begins when the cancelled one is out of the way. */
      const next = await runner.start({ tables: [TABLE] })
      await stage.expectWhole(await ended(runner, next.id))
      const state = when === 'floor' ? 'complete' : 'cancelled'
      const found = runner.loads().find((load) => load.id === id)
      expect(found?.tables.map((table) => table.state)).toEqual([state])
      expect((await stage.stored()).find((load) => load.id === id)).toEqual(found)
      /* A floor that was being set is set. */
      expect(await stage.floors(TABLE)).toHaveLength(before + (when === 'floor' ? 2 : 1))
      await stage.expectWhole(await ended(runner, (await runner.resume(next.id)).id))
    },
  )

  test('and resume after a newer load of the table reads again, above its floor', async () => {
    let isFirst = true
    const runner: LoadRunner = await stage.running(async (step) => {
      if (step !== 'audit' || !isFirst) return
      isFirst = false
      await runner.cancel(runner.loads().at(-1)?.id ?? '')
    })
    const old = await runner.start({ tables: [TABLE] })
    await ended(runner, old.id)
    const newer = await ended(runner, (await runner.start({ tables: [TABLE] })).id)
    await runner.resume(old.id)
    const load = await ended(runner, old.id)
    await stage.expectWhole(load)
    expect((load.tables[0]?.position ?? '') > (newer.tables[0]?.position ?? '')).toBe(true)
  })

  test('of every load ends those that run and those that wait', async () => {
    let all: Promise<void> | undefined
    const runner: LoadRunner = await stage.running(async (step) => {
      if (step !== 'landed' || all !== undefined) return
      all = runner.cancelAll()
      await all
    })
    const first = await runner.start({ tables: [TABLE] })
    const second = await runner.start({ tables: ['public.shops'] })
    expect(loadState(await ended(runner, first.id))).toBe('cancelled')
    expect(loadState(await ended(runner, second.id))).toBe('cancelled')
  })
})

describe('two loads', () => {
  test('of one table that are asked for at once are one, and one refusal', async () => {
    const runner = await stage.running()
    const asked = await Promise.allSettled([
      runner.start({ tables: [TABLE] }),
      runner.start({ tables: ['public.*'] }),
    ])
    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(asked[1]).toMatchObject({ reason: { code: 'load/busy' } })
    for (const { id } of runner.loads()) await ended(runner, id)
  })

  test('are not resumed beside each other', async () => {
    const runner = await stage.runner()
    const old = await runner.start({ tables: [TABLE] })
    await runner.cancel(old.id)
    const newer = await runner.start({ tables: [TABLE] })
    await expect(runner.resume(old.id)).rejects.toMatchObject({ code: 'load/busy' })
    await runner.cancel(newer.id)
  })

  test('do not wait for each other where the first one waits for its window, which is kept', async () => {
    const hour = 3_600_000
    let now = new Date(2026, 2, 2, 9).getTime()
    const runner = await stage.running(undefined, { now: () => now })
    const quiet = await runner.start({ tables: [TABLE], window: '12:00-13:00' })
    await stage.expectWhole(await ended(runner, (await runner.start({ tables: ['public.shops'] })).id))
    expect(runner.loads().find(({ id }) => id === quiet.id)?.tables[0]?.state).toBe('started')
    now += 3 * hour
    await stage.expectWhole(await ended(runner, quiet.id))
  })

  test('between two tables of one the window may close: the other table waits', async () => {
    const hour = 3_600_000
    let now = new Date(2026, 2, 2, 12).getTime()
    const runner: LoadRunner = await stage.running(
      (step) => {
        if (step === 'floored') now += hour
      },
      { now: () => now },
    )
    const { id } = await runner.start({ tables: ['public.*'], window: '12:00-13:00' })
    await expect.poll(() => runner.loads().find((load) => load.id === id)?.tables[0]?.state).toBe('complete')
    const next = await runner.start({ tables: [TABLE] })
    await ended(runner, next.id)
    expect(
      runner
        .loads()
        .find((load) => load.id === id)
        ?.tables.map(({ state }) => state),
    ).toEqual(['complete', 'started'])
    await runner.cancel(id)
  })
})
