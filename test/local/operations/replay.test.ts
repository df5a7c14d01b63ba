import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printAnyVersion } from '../../../core/contract/language/table-version.ts'
import { nextStep } from '../../../core/position.ts'
import type { Replay } from '../../../core/replay/replay.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readDocuments } from '../../../local/state/state-file.ts'
import { ReplayDocuments } from '../../../state/documents/replay-documents.ts'
import { isWhole, runs, within } from '../../support/budget.ts'
import { writeDocuments } from '../../support/state-documents.ts'
import { type Fault, Power } from '../pipeline/faults.ts'
import { lakeRuns } from './lake-runs.ts'
import { RepairFixture } from './repair-fixture.ts'
import { batches, change, narrow, narrowNoted, noted, positionOf, second, wide } from './things-fixture.ts'

const { eye, filled, inLife } = lakeRuns()

const replayThings = { kind: 'replay', table: 'w.things', isDryRun: false } as const

/** Many pages, so that a replay takes more than one chunk. */
const long = Array.from({ length: 40 }, (_, index) => [
  change('insert', index + 1, { id: index + 1, n: index, note: `n${index}` }),
])

function replaysIn(folder: string): Promise<readonly Replay[]> {
  return readDocuments(runFolder(folder), (documents) => new ReplayDocuments(documents).all())
}

async function replayFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(folder, 'lake'), { recursive: true })
  return names.filter((name) => name.includes('replay-')).toSorted()
}

const faults = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Fault>('ok') },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('reject', 'fail after', 'stop') },
  ),
  { minLength: 3, maxLength: 10, size: 'max' },
)

test(
  'G3 G8 G10 a replay shows the old reading until it shows the whole new one, and ends as if the contract had always been so',
  async () => {
    const deaths = { old: 0, new: 0 }
    await fc.assert(
      fc.asyncProperty(batches, fc.array(faults, { maxLength: 4 }), async (given, troubles) => {
        const folder = await filled([narrow], given)
        const right = await filled([noted], given)
        const wanted = await eye().current(right, 'w.things')
        await inLife(folder, [noted], async () => undefined)
        const before = await eye().current(folder, 'w.things')
        for (const trouble of troubles) {
          const shop = await RepairFixture.open(folder, [noted], new Power(trouble))
          const outcome = await shop.untilFault(() => shop.run(replayThings))
          await shop.close()
          const seen = JSON.stringify(await eye().current(folder, 'w.things'))
          expect([JSON.stringify(before), JSON.stringify(wanted)]).toContain(seen)
          if (outcome === 'died') deaths[seen === JSON.stringify(before) ? 'old' : 'new'] += 1
        }
        await inLife(folder, [noted], async (shop) => {
          expect(await shop.run(replayThings)).toMatchObject({ state: 'complete', refused: 0 })
          expect(await eye().current(folder, 'w.things')).toEqual(wanted)
          expect(await shop.waiting()).toEqual([])
          await shop.run(replayThings)
          expect(await eye().current(folder, 'w.things')).toEqual(wanted)
        })
      }),
      { numRuns: runs(10) },
    )
    /* A part of the runs may meet none by chance. */
    if (isWhole()) expect(deaths.old).toBeGreaterThan(0)
  },
  within(60_000),
)

test('a column that the contract gained is filled from the past, and `_extra` has it no more', async () => {
  const folder = await filled([wide], [[change('insert', 1, { id: 1, n: 2, note: 'a', more: true })]])
  expect(await eye().current(folder, 'w.things')).toEqual([
    ['1', 2, positionOf(1), '{"note":"a","more":true}'],
  ])
  await inLife(folder, [noted], (shop) => shop.run(replayThings))
  expect(await eye().current(folder, 'w.things')).toEqual([['1', 2, 'a', positionOf(1), '{"more":true}']])
})

test('G10 an interrupted replay goes on where it stopped and makes the files of one that was not', async () => {
  const [whole, cut] = [await filled([wide], long), await filled([wide], long)]
  await inLife(whole, [noted], (shop) => shop.run(replayThings))
  await inLife(cut, [noted], async (shop) => {
    const stop = new AbortController()
    const first = await shop.run(replayThings, stop.signal, () => stop.abort())
    expect(first).toMatchObject({ state: 'interrupted', changes: 16, pages: 40 })
    expect((await eye().current(cut, 'w.things'))[0]).toEqual(['1', 0, null, positionOf(1), '{"note":"n0"}'])
  })
  await inLife(cut, [noted], async (shop) => {
    expect(await shop.run(replayThings)).toMatchObject({ state: 'complete', changes: 40, revision: 1 })
  })
  const files = await replayFiles(cut)
  expect(files).toHaveLength(3)
  expect(files).toEqual(await replayFiles(whole))
  for (const name of files)
    expect(await readFile(join(cut, 'lake', name))).toEqual(await readFile(join(whole, 'lake', name)))
})

test('G8 one whose files lie in a day that was folded is given up, and the next one begins anew', async () => {
  const folder = await filled([wide], long)
  const stop = new AbortController()
  await inLife(folder, [noted], async (shop) => {
    await shop.run({ kind: 'compact', isDryRun: false })
    await shop.run(replayThings, stop.signal, () => stop.abort())
  })
  const [begun] = await replaysIn(folder)
  if (begun === undefined) throw new Error('no replay')
  const ofBefore = { ...begun, ingestDate: '2000-01-01' }
  await writeDocuments(folder, (documents) => new ReplayDocuments(documents).replace(ofBefore))
  await inLife(folder, [noted], async (shop) => {
    await expect(shop.run(replayThings)).rejects.toMatchObject({ code: 'lake/conflict' })
    expect(await replayFiles(folder)).toEqual([])
    expect(await shop.run(replayThings)).toMatchObject({ state: 'complete', changes: 40, revision: 2 })
  })
})

test('G10 a replay that a crash cut off between showing and saying so keeps its files under a changed contract', async () => {
  const folder = await filled([wide], long)
  await inLife(folder, [noted], (shop) => shop.run(replayThings))
  const [done] = await replaysIn(folder)
  if (done === undefined) throw new Error('no replay')
  await writeDocuments(folder, (documents) =>
    new ReplayDocuments(documents).replace({ ...done, state: 'running' }),
  )
  await inLife(folder, [narrowNoted], (shop) => shop.run(replayThings))
  expect((await replayFiles(folder)).filter((name) => name.includes('replay-r000001'))).toHaveLength(3)
  expect((await replaysIn(folder)).map(({ state }) => state)).toEqual(['complete', 'complete'])
})

test('a range replays its positions only, and a key update whole whichever half is named', async () => {
  const given = [
    [change('insert', 1, { id: 1, n: 1, note: 'a' })],
    [change('update', 2, { id: 2, n: 1, note: 'b' }, { before: { id: 1 } })],
    [change('insert', 3, { id: 3, n: 3, note: 'c' })],
  ]
  for (const ends of [positionOf(2), nextStep(positionOf(2))]) {
    const folder = await filled([wide], given)
    await inLife(folder, [noted], async (shop) => {
      const result = await shop.run({ ...replayThings, from: ends, to: ends })
      expect(result).toMatchObject({ changes: 1, rows: 2, refused: 0, revision: 1 })
    })
    expect((await eye().history(folder, 'w.things')).filter(([, , revision]) => revision === 1)).toEqual([
      ['delete', positionOf(2), 1],
      ['insert', nextStep(positionOf(2)), 1],
    ])
    expect(await eye().current(folder, 'w.things')).toEqual([
      ['2', 1, 'b', nextStep(positionOf(2)), null],
      ['3', 3, null, positionOf(3), '{"note":"c"}'],
    ])
  }
})

test.each([
  [
    'damaged',
    (path: string) =>
      readFile(path).then((bytes) =>
        writeFile(
          path,
          bytes.map((byte, at) => (at === 30 ? byte ^ 1 : byte)),
        ),
      ),
  ],
  ['cut off', (path: string) => readFile(path).then((bytes) => writeFile(path, bytes.subarray(0, 100)))],
])(
  'G8 a file that is %s is found before readers see the replay, and the next one begins anew',
  async (_, harm) => {
    const folder = await filled([wide], long)
    await inLife(folder, [noted], async (shop) => {
      const stop = new AbortController()
      await shop.run(replayThings, stop.signal, () => stop.abort())
      const [name = ''] = await replayFiles(folder)
      await harm(join(folder, 'lake', name))
      await expect(shop.run(replayThings)).rejects.toMatchObject({ code: 'lake/unreadable' })
      expect(await replayFiles(folder)).toEqual([])
      expect((await eye().current(folder, 'w.things'))[0]).toEqual([
        '1',
        0,
        null,
        positionOf(1),
        '{"note":"n0"}',
      ])
      expect(await shop.run(replayThings)).toMatchObject({ state: 'complete', revision: 2 })
      expect((await eye().current(folder, 'w.things'))[0]).toEqual(['1', 0, 'n0', positionOf(1), null])
    })
  },
)

test('G1 what waited and is in the replay leaves quarantine; what waits for another reason, version or range stays', async () => {
  const given = [
    [change('insert', 1, { id: 1, n: 40_000 })],
    [change('insert', 2, { id: 2, n: 'x' })],
    [change('insert', 9, { id: 3, n: 40_000 })],
  ]
  const folder = await filled([narrow, { ...narrow, version: 2 }], given)
  await inLife(folder, [wide, second], async (shop) => {
    await shop.run({ ...replayThings, version: 1, to: positionOf(5) })
    const waiting = (await shop.waiting()).map((one) => [printAnyVersion(one.contract), one.position])
    expect(waiting.toSorted()).toEqual([
      ['w.things v1', positionOf(2)],
      ['w.things v1', positionOf(9)],
      ['w.things v2', positionOf(1)],
      ['w.things v2', positionOf(2)],
      ['w.things v2', positionOf(9)],
    ])
  })
  expect((await eye().current(folder, 'w.things')).map(([id]) => id)).toEqual(['1'])
})

test('G2 changes that are captured while it runs are in the lake once, as they should be', async () => {
  const given = [...long, [change('update', 90, { id: 1, n: 90 })], [change('delete', 91, { id: 2 })]]
  const right = await filled([noted], given)
  const folder = await filled([wide], long)
  await inLife(folder, [noted], async (shop) => {
    let live: Promise<void> = Promise.resolve()
    let next = long.length
    await shop.run(replayThings, undefined, () => {
      const batch = given[next]
      next += 1
      if (batch !== undefined) live = live.then(() => shop.take(batch, String(next)))
    })
    await live
    expect(next).toBeGreaterThan(long.length + 1)
  })
  expect(await eye().current(folder, 'w.things')).toEqual(await eye().current(right, 'w.things'))
})

test('a new version is empty until it is replayed, and its replay touches no other', async () => {
  const folder = await filled([wide], long)
  await inLife(folder, [wide, second], async (shop) => {
    const first = await eye().current(folder, 'w.things', 1)
    expect(await eye().current(folder, 'w.things', 2)).toEqual([])
    /* The newest version unless told. */
    expect(await shop.run(replayThings)).toMatchObject({ version: 2, rows: 40 })
    expect(await eye().current(folder, 'w.things', 1)).toEqual(first)
    expect(await eye().current(folder, 'w.things', 2)).toHaveLength(40)
    expect((await replayFiles(folder)).every((name) => name.includes('things_v2_history'))).toBe(true)
  })
})

test('says which request it cannot do, and that a contract has changed', async () => {
  const folder = await filled([wide], [[change('insert', 1, { id: 1, n: 1 })]])
  await inLife(folder, [wide], async (shop) => {
    await expect(shop.run({ ...replayThings, table: 'w.other' })).rejects.toMatchObject({
      code: 'usage/invalid',
    })
    await expect(shop.run({ ...replayThings, version: 7 })).rejects.toMatchObject({ code: 'usage/invalid' })
    for (const tables of [[noted], [wide, second]])
      for (const request of [replayThings, { kind: 'redrive', isDryRun: true } as const])
        await expect(shop.run(request, undefined, undefined, tables)).rejects.toMatchObject({
          code: 'run/contract-changed',
        })
  })
})
