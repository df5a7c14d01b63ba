import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { Table } from '../../../core/contract/language/table.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { change, narrow, positionOf, wide } from '../operations/things-fixture.ts'
import { findingsIn, LedgerFixture } from './ledger-fixture.ts'

async function shop(tables: readonly Table[] = [wide], root?: string): Promise<LedgerFixture> {
  const opened = await LedgerFixture.open(root ?? (await tempFolder()), tables)
  onTestFinished(() => opened.close())
  return opened
}

/** The key of the page at a place of the feed. */
const keyOf = async ({ raw }: LedgerFixture, offset: number) => (await raw.next(offset - 1))?.page.key

const row = (lsn: number, n = 1) => change('insert', lsn, { id: lsn, n })

/** Three pages of two changes each, formatted and landed one after another: three history files. */
async function filled(tables: readonly Table[] = [wide]): Promise<LedgerFixture> {
  const made = await shop(tables)
  for (const page of [1, 2, 3]) {
    await made.capture([row(page * 10), row(page * 10 + 1)], String(page))
    await made.format()
    await made.land()
  }
  return made
}

async function historyOf({ objects }: LedgerFixture): Promise<readonly string[]> {
  return objects.list('lake/')
}

const evenly = { inFlight: 0, missing: 0, balanced: true }

test('G1 what is captured, formatted and landed balances at each step, and after a restart', async () => {
  const first = await shop([narrow])
  await first.capture(
    [row(1), row(2, 40_000), change('update', 3, { id: 9, n: 1 }, { before: { id: 1 } })],
    'a',
  )
  const captured = { captured: 3, landed: 0, quarantined: 0, inFlight: 3, missing: 0, balanced: true }
  expect(first.balance()).toMatchObject(captured)
  expect(await findingsIn(first.root)).toEqual([])
  await first.format()
  expect(first.balance()).toMatchObject({ ...captured, quarantined: 1, inFlight: 2 })
  expect(await findingsIn(first.root)).toEqual([])
  await first.land()
  const landed = { captured: 3, landed: 2, quarantined: 1, ...evenly }
  expect(first.balance()).toMatchObject({
    ...landed,
    capturedThrough: positionOf(3),
    landedThrough: positionOf(3),
  })
  expect(await findingsIn(first.root)).toEqual([])
  await first.close()
  const second = await shop([narrow], first.root)
  expect(second.balance()).toMatchObject(landed)
  await second.land()
  expect(second.balance()).toMatchObject(landed)
  expect(await findingsIn(first.root)).toEqual([])
})

test('G1 redriven, replayed and expired changes keep the balance', async () => {
  const before = await shop([narrow])
  await before.capture([row(1, 40_000), row(2, 40_000), row(3)], 'a')
  await before.format()
  await before.land()
  await before.close()
  const after = await shop([wide], before.root)
  await after.operate('redrive')
  await after.land()
  const even = { captured: 3, landed: 1, quarantined: 2, redriven: 2, ...evenly }
  expect(after.balance()).toMatchObject(even)
  expect(after.quarantine.countOf('public.things', { name: 'w.things', version: 1 })).toEqual({
    waiting: 0,
    redriven: 2,
    expired: 0,
  })
  await after.operate('replay')
  expect(after.balance()).toMatchObject(even)
  expect(await findingsIn(after.root)).toEqual([])
  await after.close()
  const narrowAgain = await shop([narrow], before.root)
  await narrowAgain.capture([row(4, 40_000)], 'b')
  await narrowAgain.format()
  const waiting: string[] = []
  for await (const { id } of narrowAgain.quarantine.list()) waiting.push(id)
  await narrowAgain.quarantine.release(waiting, 'expired')
  await narrowAgain.quarantine.purge()
  expect(narrowAgain.quarantine.countOf('public.things', { name: 'w.things', version: 1 })).toEqual({
    waiting: 0,
    redriven: 2,
    expired: 1,
  })
  expect(await findingsIn(before.root)).toEqual([])
})

test('G1 a page that format passed over is named, and a replay of its positions mends it', async () => {
  const made = await filled()
  await made.capture([row(40), row(41)], '4')
  await made.passOver()
  await made.capture([row(50)], '5')
  await made.format()
  await made.land()
  const lost = {
    captured: 9,
    landed: 7,
    missing: 2,
    inFlight: 0,
    balanced: false,
    landedThrough: null,
  }
  expect(made.balance()).toMatchObject(lost)
  const named = {
    kind: 'page',
    table: 'public.things',
    count: 2,
    first: positionOf(40),
    last: positionOf(41),
    name: await keyOf(made, 4),
    object: null,
    severity: 'fault',
    advice: `tidemark repair --page '${await keyOf(made, 4)}'`,
  }
  expect(await findingsIn(made.root)).toMatchObject([named])
  await made.close()
  const again = await shop([wide], made.root)
  expect(again.balance()).toMatchObject(lost)
  await again.operate('replay', { from: positionOf(40), to: positionOf(41) })
  expect(again.balance()).toMatchObject({ captured: 9, landed: 9, ...evenly, landedThrough: positionOf(50) })
  expect(await findingsIn(made.root)).toEqual([])
})

test('G1 a block that delivery lost is named with its page, and a replay mends it', async () => {
  const made = await filled()
  await made.capture([row(40), row(41), row(42)], '4')
  await made.format((block) => block.rows === 3)
  expect(made.balance()).toMatchObject({ captured: 9, landed: 6, inFlight: 3, balanced: true })
  await made.land()
  expect(made.balance()).toMatchObject({ captured: 9, landed: 6, missing: 3, inFlight: 0, balanced: false })
  expect(await findingsIn(made.root)).toMatchObject([
    {
      kind: 'block',
      table: 'w.things v1',
      count: 3,
      first: positionOf(40),
      last: positionOf(42),
      name: await keyOf(made, 4),
      object: null,
      message: expect.stringContaining('delivery never wrote it'),
    },
  ])
  await made.operate('replay', { from: positionOf(40), to: positionOf(42) })
  expect(made.balance()).toMatchObject({ captured: 9, landed: 9, ...evenly })
  expect(await findingsIn(made.root)).toEqual([])
})

test('G1 a landing object that is gone before it was landed is named with the blocks in it', async () => {
  const made = await filled()
  await made.capture([row(40)], '4')
  await made.format()
  const [object = ''] = await made.objects.list('landing/changes/')
  expect(await findingsIn(made.root)).toEqual([])
  await made.objects.delete(object)
  const named = [
    { kind: 'block', object, count: 1, first: positionOf(40), message: expect.stringContaining(object) },
  ]
  expect(await findingsIn(made.root)).toMatchObject(named)
  await made.land()
  expect(made.balance()).toMatchObject({ landed: 6, missing: 1, balanced: false })
  expect(await findingsIn(made.root)).toMatchObject(named)
})

test('G1 a redriven block that is gone before it was landed is named', async () => {
  const before = await shop([narrow])
  await before.capture([row(1, 40_000)], 'a')
  await before.format()
  await before.land()
  await before.close()
  const made = await shop([wide], before.root)
  await made.operate('redrive')
  expect(made.balance()).toMatchObject({ quarantined: 1, redriven: 0, balanced: true })
  const [object = ''] = await made.objects.list('landing/changes/')
  await made.objects.delete(object)
  await made.land()
  expect(made.balance()).toMatchObject({ quarantined: 1, redriven: 0, balanced: false })
  expect(await findingsIn(made.root)).toMatchObject([
    { kind: 'block', table: 'w.things v1', object, count: 1, first: positionOf(1), last: positionOf(1) },
  ])
  await made.operate('replay')
  expect(made.balance()).toMatchObject({ quarantined: 1, redriven: 1, balanced: true })
  expect(await findingsIn(made.root)).toEqual([])
})

test('G1 an object that cannot be read counts as quarantined, and as landed once it is recovered', async () => {
  const made = await shop()
  await made.capture([row(1), row(2)], 'a')
  await made.format()
  const [object = ''] = await made.objects.list('landing/changes/')
  const whole = await made.objects.get(object)
  await made.objects.put(object, whole.subarray(0, -6))
  await made.land()
  expect(made.balance()).toMatchObject({ captured: 2, landed: 0, quarantined: 2, ...evenly })
  expect(await findingsIn(made.root)).toEqual([])
  await made.objects.put(object.replace('changes', 'rejected'), whole)
  await made.operate('redrive')
  expect(made.balance()).toMatchObject({ captured: 2, landed: 2, quarantined: 0, ...evenly })
  expect(await findingsIn(made.root)).toEqual([])
})

test('G1 a history file that is gone is named, and a replay of its positions mends it', async () => {
  const made = await filled()
  const [, key = ''] = await historyOf(made)
  await made.objects.delete(key)
  expect(await findingsIn(made.root)).toMatchObject([
    {
      kind: 'file',
      table: 'w.things v1',
      name: key,
      count: 2,
      severity: 'fault',
      first: positionOf(20),
      last: positionOf(21),
      message: expect.stringContaining('missing'),
    },
  ])
  await made.operate('replay', { from: positionOf(20), to: positionOf(21) })
  expect(await findingsIn(made.root)).toEqual([])
})

test('G1 a history file that was cut off, or has other rows, is named', async () => {
  const made = await filled()
  const [first = '', second = '', third = ''] = await historyOf(made)
  await truncate(join(made.root, first), 60)
  await made.capture([row(40)], '4')
  await made.format()
  await made.land()
  const single = (await historyOf(made)).find((key) => ![first, second, third].includes(key)) ?? ''
  await made.objects.put(third, await made.objects.get(single))
  const found = await findingsIn(made.root)
  expect(found.map(({ kind, name, count }) => [kind, name, count])).toEqual([
    ['file', first, 2],
    ['file', third, 2],
  ])
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringContaining('cannot be read'),
    expect.stringContaining('has 1 rows, 2 were written'),
  ])
})

test('G1 a file that nobody wrote is noted, one that is being landed is not', async () => {
  const made = await filled()
  const [first = ''] = await historyOf(made)
  const alien = first.replace(/[^/]+$/, 'alien.parquet')
  await made.objects.put(alien, await made.objects.get(first))
  await made.objects.put(first.replace(/[^/]+$/, 'under-way.parquet'), await made.objects.get(first))
  await made.objects.put('landing/changes/2026/01/02/03/under-way.ndjson.gz', Buffer.from('x'))
  expect(await findingsIn(made.root)).toMatchObject([{ kind: 'foreign', name: alien, severity: 'note' }])
})

test('G1 refused changes that quarantine does not know of are counted', async () => {
  const made = await shop([narrow])
  await made.capture([row(1, 40_000), row(2, 40_000)], 'a')
  await made.format()
  await made.close()
  const file = new DatabaseSync(join(made.root, 'state.db'))
  file.exec('DELETE FROM quarantine')
  file.close()
  expect(await findingsIn(made.root)).toMatchObject([{ kind: 'quarantine', table: 'w.things v1', count: 2 }])
})

test('G3 an object that lands again changes no count', async () => {
  const made = await shop()
  await made.capture([row(1), row(2)], 'a')
  await made.format()
  const [object = ''] = await made.objects.list('landing/changes/')
  const content = await made.objects.get(object)
  for (let time = 0; time < 3; time += 1) {
    await made.objects.put(object, content)
    await made.land()
    expect(made.balance()).toMatchObject({ captured: 2, landed: 2, ...evenly })
  }
  expect(await findingsIn(made.root)).toEqual([])
})

test('files that compaction replaces are expected under their new names only', async () => {
  const made = await filled()
  const [first = '', second = ''] = await historyOf(made)
  const [day] = await made.ledger.days()
  if (day === undefined) throw new Error('no day')
  const merged = first.replace(/[^/]+$/, 'merged.parquet')
  const content = await made.objects.get(first)
  await made.objects.put(merged, content)
  const added = [{ key: merged, rows: 2, bytes: content.length, first: null, last: null }]
  await made.ledger.replaceFiles({ ...day, added, removed: [first, second] })
  for (const key of [first, second]) await made.objects.delete(key)
  expect(await findingsIn(made.root)).toEqual([])
  await made.close()
  const again = await shop([wide], made.root)
  await again.objects.delete(merged)
  expect(await findingsIn(made.root)).toMatchObject([{ kind: 'file', name: merged }])
})

test('the rows of a load file are its landed and its refused ones; recorded again, the newer record counts', async () => {
  const made = await shop()
  const file = {
    load: 'l1',
    key: 'landing/loads/l1/LOAD1.parquet',
    table: 'public.things',
    rows: 10,
    files: [],
  }
  await made.ledger.recordLoadFile({ ...file, landed: { 'w.things v1': 7 }, refused: { 'w.things v1': 2 } })
  const uneven = { loads: { rows: 10, landed: 7, quarantined: 2 }, balanced: false }
  expect(made.balance()).toMatchObject(uneven)
  expect(await findingsIn(made.root)).toMatchObject([{ kind: 'load', name: file.key, count: 1 }])
  await made.ledger.recordLoadFile({ ...file, landed: { 'w.things v1': 7 }, refused: { 'w.things v1': 3 } })
  expect(made.balance()).toMatchObject({ loads: { rows: 10, landed: 7, quarantined: 3 }, balanced: true })
  expect(await findingsIn(made.root)).toEqual([])
})
