import { afterEach, describe, expect, test } from 'vitest'
import type { Table } from '../../core/contract/language/table.ts'
import type { RawChange } from '../../core/page.ts'
import { replayContract } from '../engine/replay/replay.contract.ts'
import { change, narrow, narrowNoted, noted } from '../local/operations/things-fixture.ts'
import { runs, whole, within } from '../support/budget.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type CompactFixture, compactFixture } from './compact-fixture.ts'
import { ReplayFixture } from './replay-fixture.ts'

const DAY = '2026-01-03'
const labs: CompactFixture[] = []
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close()
})

/* A lake whose changes were read with a contract that refused some of them and did not know a column. */
async function labOf(batches: readonly (readonly RawChange[])[], first: Table = narrow) {
  const folder = await tempFolder()
  const lake = await compactFixture(folder, [noted])
  labs.push(lake)
  lake.now = Date.parse(`${DAY}T12:00:00Z`)
  const replay = new ReplayFixture(lake, folder)
  await replay.take(first, batches, DAY)
  return { lake, replay }
}

const read = (lake: CompactFixture) =>
  lake.rows('w.things', 'SELECT id::INTEGER, n, note FROM w.things ORDER BY id')
const files = async (lake: CompactFixture) =>
  (await lake.objects.list('lake/w/things_v1_history/')).filter((key) => key.includes('/replay-'))

/* Sixteen pages are a file: three of them. */
const many = Array.from({ length: 40 }, (_, index) => [
  change('insert', index + 1, { id: index + 1, n: index * 5, note: `note ${index}` }),
])
const few = [
  [change('insert', 1, { id: 1, n: 1, note: 'one' }), change('insert', 2, { id: 2, n: 2_000, note: 'two' })],
  [change('update', 3, { id: 1, n: 3, note: 'three' }), change('insert', 4, { id: 3, n: 4, note: null })],
  [change('delete', 5, { id: 3 }), change('insert', 6, { id: 4, n: 6, note: 'six' })],
]
const seenFirst = [
  [1, 3, null],
  [4, 6, null],
]
const seenNow = [
  [1, 3, 'three'],
  [2, 2_000, 'two'],
  [4, 6, 'six'],
]

replayContract('on a stack', async () => {
  const { lake, replay } = await labOf([])
  return {
    take: (contract, batches) =>
      replay.take(contract, batches, new Date(lake.now).toISOString().slice(0, 10)),
    replay: async (contract, { isPiece = false, isDryRun = false } = {}) => {
      const remainingMs = isPiece ? 150_000 : 900_000
      const answer = await replay.ask(contract, { isDryRun, remainingMs })
      if (answer.state === 'busy') throw new Error('nobody else is at it')
      return { ...answer, state: answer.state === 'running' ? 'interrupted' : answer.state }
    },
    compact: async () => {
      expect((await lake.compact()).answer.failed).toEqual([])
    },
    pass: (days) => {
      lake.now += days * 86_400_000
    },
    current: () => read(lake),
    files: () => files(lake),
    delete: (key) => lake.objects.delete(key),
    states: async () => (await replay.replays.of('w.things', 1)).map(({ state }) => state),
    waiting: async () => replay.waiting.size,
    close: async () => undefined,
  }
})

describe('a replay by a function', () => {
  test('G2 G8 shows nothing of it until it is whole, then all of it, as if the contract had always been so', async () => {
    const { lake, replay } = await labOf(few)
    expect(await read(lake)).toEqual(seenFirst)
    const seen = new Set<string>()
    const onCall = async (call: number) => {
      if (call % 2 === 0) seen.add(JSON.stringify(await read(lake)))
    }
    expect(await replay.ask(noted, { onCall })).toMatchObject({
      state: 'complete',
      revision: 1,
      pages: 3,
      changes: 6,
      rows: 6,
      refused: 0,
      since: '2026-01-01T00:00:00.000Z',
    })
    expect([...seen]).toEqual([JSON.stringify(seenFirst), JSON.stringify(seenNow)])
    expect(await read(lake)).toEqual(seenNow)
    expect([...replay.manifest]).toEqual(await files(lake))
    expect(lake.leases.size).toBe(0)
    expect(JSON.stringify(replay.lines)).not.toContain('three')
  })

  test.each([false, true])(
    'G8 G10 ended at any call, the same request goes on and leaves nothing behind (after the call: %s)',
    async (isAfter) => {
      const { lake, replay } = await labOf(few)
      await replay.ask(noted)
      const stride = Math.ceil(4 / runs(1))
      for (let at = isAfter ? 2 : 1, calls = at, revision = 2; at <= calls; at += stride) {
        await replay.ask(noted, { crash: { at, isAfter } }).catch(() => undefined)
        /* What a dead function leaves expires. */
        lake.leases.clear()
        expect(await read(lake)).toEqual(seenNow)
        const [last] = (await replay.replays.of('w.things', 1)).slice(-1)
        const answer = await replay.ask(noted)
        calls = replay.calls
        expect(answer).toMatchObject({ state: 'complete', changes: 6, rows: 6 })
        if (last?.state === 'running') expect(answer).toMatchObject({ revision: last.revision })
        expect(await read(lake)).toEqual(seenNow)
        expect([...replay.manifest].sort()).toEqual(await files(lake))
        const [entry] = await lake.catalog.entries()
        expect(entry?.revisions.length).toBeGreaterThanOrEqual(revision)
        revision += 1
      }
    },
    within(30_000),
  )

  test('G1 what the contract refuses now keeps its reading and waits, and pages that are gone keep theirs', async () => {
    const { lake, replay } = await labOf(few, noted)
    replay.expire(1)
    await replay.take(noted, [[change('insert', 7, { id: 7, n: 7_000, note: 'seven' })]], DAY)
    expect(await replay.ask(narrowNoted)).toMatchObject({
      state: 'complete',
      pages: 3,
      changes: 5,
      refused: 1,
    })
    expect(replay.waiting.size).toBe(1)
    expect(await read(lake)).toEqual([...seenNow, [7, 7_000, 'seven']])
  })

  whole(
    'G1 G8 a replay of which a file has a row less than its changes made is given up, and readers see none of it',
    async () => {
      const { lake, replay } = await labOf(many)
      await replay.ask(noted, { remainingMs: 150_000 })
      const before = await read(lake)
      const [begun] = await replay.replays.of('w.things', 1)
      if (begun === undefined) throw new Error('no replay began')
      expect(begun.files).toMatchObject([{ rows: 16 }])
      await replay.replays.replace({ ...begun, files: begun.files.map((file) => ({ ...file, rows: 15 })) })
      await expect(replay.ask(noted)).rejects.toMatchObject({ code: 'lake/unreadable' })
      expect([await read(lake), await files(lake)]).toEqual([before, []])
      expect(await replay.ask(noted)).toMatchObject({ state: 'complete', revision: 2, rows: 40 })
    },
  )

  whole('G8 a file of other bytes than were written is not counted', async () => {
    const { lake, replay } = await labOf(few)
    const put = lake.objects.put.bind(lake.objects)
    lake.objects.put = (key, content) => put(key, key.includes('/replay-') ? Buffer.from('PAR1') : content)
    await expect(replay.ask(noted)).rejects.toMatchObject({ code: 'lake/unreadable' })
    lake.objects.put = put
    expect(await replay.replays.of('w.things', 1)).toMatchObject([{ state: 'running', files: [] }])
    expect(await replay.ask(noted)).toMatchObject({ state: 'complete', revision: 1 })
    expect(await read(lake)).toEqual(seenNow)
  })

  test('one at a time, and only with the contract that is meant', async () => {
    const { lake, replay } = await labOf(few)
    for (const lock of ['replay#w.things v1', 'revision#w.things v1']) {
      lake.leases.add(lock)
      expect(await replay.ask(noted)).toEqual({ state: 'busy' })
      lake.leases.delete(lock)
    }
    expect(await replay.replays.of('w.things', 1)).toEqual([])
  })

  test('a dry run counts, piece by piece, and writes nothing', async () => {
    const { lake, replay } = await labOf(many)
    const piece = { isDryRun: true, remainingMs: 150_000 }
    const first = await replay.ask(narrowNoted, piece)
    expect(first).toMatchObject({ state: 'running', revision: null, pages: 16, refused: 0 })
    const after = first.state === 'busy' ? null : first.after
    const rest = await replay.ask(narrowNoted, { ...piece, remainingMs: 900_000, after })
    expect(rest).toMatchObject({ state: 'dry run', pages: 24, changes: 24, rows: 5, refused: 19 })
    expect([await files(lake), [...replay.waiting], await replay.replays.of('w.things', 1)]).toEqual([
      [],
      [],
      [],
    ])
  })
})
