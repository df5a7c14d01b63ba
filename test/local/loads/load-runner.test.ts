import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { LoadRunner } from '../../../local/loads/load-runner.ts'
import { openScratch, type Scratch } from '../sample/scratch.ts'
import { ended, type Gate, ROWS, RunnerFixture } from './runner-fixture.ts'

const TABLE = 'public.rota'
let scratch: Scratch
let stage: RunnerFixture

beforeAll(async () => {
  scratch = await openScratch(0o755)
  stage = await RunnerFixture.open(scratch)
})
afterEach(() => stage.stop())
afterAll(() => scratch.clear())

/* Dies before the nth time of a step: nothing that comes later happens, as if the power had gone. */
function dying(step: string, times: number): Gate {
  let passed = 0
  let isDead = false
  return (at) => {
    if (at === step) passed += 1
    isDead ||= passed === times
    if (isDead) throw new Error('dead')
  }
}

describe('a runner that dies', () => {
  test.each([
    ['save loading', 1],
    ['publish', 1],
    ['publish', 2],
    ['save loading', 2],
    ['land', 1],
    ['landed', 1],
    ['land', 2],
    ['landed', 2],
    ['audit', 1],
    ['save audited', 1],
    ['floor', 1],
    ['floored', 1],
    ['save complete', 1],
  ] as const)(
    'G3 G10 before "%s" (%i) is followed by one that completes its load, every row once',
    async (step, times) => {
      const dead = await stage.runner(dying(step, times))
      const { id } = await dead.start({ tables: [TABLE] })
      await expect(dead.run(AbortSignal.timeout(10_000))).rejects.toThrow('dead')
      const floors = (await stage.floors(TABLE)).length
      const load = await ended(await stage.running(), id)
      await stage.expectWhole(load)
      const isFloored = step === 'floored' || step === 'save complete'
      expect(await stage.floors(TABLE)).toHaveLength(isFloored ? floors : floors + 1)
      await stage.stop()
      expect((await stage.stored()).find((found) => found.id === id)).toEqual(load)
    },
  )

  test('before the load that was asked for is saved has none, and its table is free', async () => {
    let isBroken = true
    const runner = await stage.running(() => {
      if (isBroken) throw new Error('disk full')
    })
    await expect(runner.start({ tables: [TABLE] })).rejects.toThrow('disk full')
    isBroken = false
    await stage.expectWhole(await ended(runner, (await runner.start({ tables: [TABLE] })).id))
  })
})

describe('an audit', () => {
  test.each(['is gone', 'has too few rows'])(
    'finds a history file that %s: no floor is set, and resumed the table is read again',
    async (fault) => {
      let isBroken = true
      const before = await stage.floors(TABLE)
      const runner: LoadRunner = await stage.running(async (step) => {
        if (!isBroken || step !== 'audit') return
        isBroken = false
        const [key] = runner.loads().at(-1)?.tables[0]?.files[0]?.history ?? []
        const path = join(stage.pipeline.folder.root, key ?? '')
        await rm(path)
        if (fault !== 'is gone')
          await stage.engine.rows(`COPY (SELECT 1 AS id) TO '${path}' (FORMAT parquet)`)
      })
      const { id } = await runner.start({ tables: [TABLE] })
      const failed = await ended(runner, id)
      expect(failed.tables[0]).toMatchObject({ state: 'failed', failure: { code: 'load/audit' } })
      expect(await stage.floors(TABLE)).toEqual(before)
      const first = failed.tables[0]?.position ?? ''
      await runner.resume(id)
      const load = await ended(runner, id)
      await stage.expectWhole(load)
      expect((load.tables[0]?.position ?? '') > first).toBe(true)
    },
  )
})

describe('a failure', () => {
  test('that may pass is tried three times in all, then it is the cause', async () => {
    let lands = 0
    const runner = await stage.running((step) => {
      if (step !== 'land') return
      lands += 1
      throw new PipelineError('source/unreachable', 'gone')
    })
    const load = await ended(runner, (await runner.start({ tables: [TABLE, 'public.shops'] })).id)
    expect(load.tables.map(({ state, failure }) => [state, failure?.code])).toEqual([
      ['failed', 'source/unreachable'],
      ['failed', 'source/unreachable'],
    ])
    expect(lands).toBe(6)
  })

  test('that passes leaves no trace', async () => {
    let isFirst = true
    const runner = await stage.running((step) => {
      if (step !== 'landed' || !isFirst) return
      isFirst = false
      throw new PipelineError('source/unreachable', 'gone')
    })
    await stage.expectWhole(await ended(runner, (await runner.start({ tables: [TABLE] })).id))
    expect(isFirst).toBe(false)
  })

  test('of the source is that of the run, met by a table that it cannot do without', async () => {
    const runner = await stage.runner(
      (step) => {
        if (step === 'land') throw new PipelineError('source/authentication', 'no')
      },
      { isRequired: ({ name }) => name === 'rota' },
    )
    const { id } = await runner.start({ tables: [TABLE, 'public.shops'] })
    await expect(runner.run(AbortSignal.timeout(10_000))).rejects.toMatchObject({
      code: 'source/authentication',
    })
    expect((await stage.stored()).find((load) => load.id === id)?.tables.map(({ state }) => state)).toEqual([
      'failed',
      'started',
    ])
    await (await stage.running()).cancel(id)
  })
})

test('a table that was made anew since its load read it is read again', async () => {
  const dead = await stage.runner((step) => {
    if (step === 'audit') throw new Error('dead')
    if (step === 'save failed') throw new Error('dead')
  })
  const { id } = await dead.start({ tables: ['public.shops'] })
  await expect(dead.run(AbortSignal.timeout(10_000))).rejects.toThrow('dead')
  const sources = stage.sources.map((table) => ({ ...table, oid: table.oid + 1 }))
  const first = (await stage.stored()).find((load) => load.id === id)?.tables[0]
  expect(first?.isRead).toBe(true)
  const runner = await stage.running(undefined, { sources: () => sources })
  const load = await ended(runner, id)
  expect(load.tables[0]).toMatchObject({ state: 'complete', rows: ROWS, oid: (first?.oid ?? 0) + 1 })
  expect((load.tables[0]?.position ?? '') > (first?.position ?? '')).toBe(true)
})
