import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Feed, LandedObject, ManifestDay, NamedBlock, PageRecord } from '../../../core/ledger/ledger.ts'
import { formatPosition } from '../../../core/position.ts'
import { FolderLedger } from '../../../local/ledger/folder-ledger.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const PAGES = 40
const contract = 'a.t v1'
const of = { contract, source: 'a.t' }
const day: ManifestDay = { table: 'a.t', version: 1, day: '2026-01-02' }
const positionOf = (place: number) => formatPosition({ epoch: 1, lsn: BigInt(place), ordinal: 1, step: 0 })

function blockOf(place: number): NamedBlock {
  const position = positionOf(place)
  const label = { origin: 'page', page: `p${place}`, ordinal: 0, changes: 2, rows: 2 } as const
  return { contract, ...label, first: position, last: position, digest: 'd' }
}

function recordOf(place: number): PageRecord {
  const position = positionOf(place)
  return {
    ...{
      page: `p${place}`,
      table: 'a.t',
      changes: 3,
      firstPosition: position,
      lastPosition: position,
    },
    shares: [{ contract, blocks: [blockOf(place)], refused: 1, fresh: 1, filtered: 0 }],
  }
}

function landedOf(place: number): LandedObject {
  const key = `lake/${place}.parquet`
  const added = [{ key, rows: 2, bytes: 9, first: positionOf(place), last: positionOf(place) }]
  return { object: `o${place}`, blocks: [blockOf(place)], files: [{ ...day, added, removed: [] }] }
}

const feed: Feed = {
  length: PAGES,
  header: (place) => (place < PAGES ? { ...recordOf(place), key: `p${place}` } : undefined),
  placeOf: (page) => Number(page.slice(1)),
}

async function open(folder: string, mode: 'read' | 'write' = 'write', journalBytes = 2_000) {
  const ledger = await FolderLedger.open(folder, { feed, formatted: 0, mode, journalBytes })
  onTestFinished(() => ledger.close())
  return ledger
}

async function through(ledger: FolderLedger, places: readonly number[]): Promise<void> {
  for (const place of places) {
    await ledger.delivered(`o${place}`, [blockOf(place)])
    await ledger.formatted([recordOf(place)])
    await ledger.landed(landedOf(place))
    ledger.settled(place + 1)
  }
}

async function filesIn(ledger: FolderLedger): Promise<readonly string[]> {
  const keys: string[] = []
  for (const one of await ledger.days()) for (const { key } of await ledger.files(one)) keys.push(key)
  return keys
}

const places = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const keysOf = (count: number) => places(0, count).map((place) => `lake/${place}.parquet`)

/* Every page of the feed is captured; those behind the checkpoint and not there are missing. */
function expectCounts(ledger: FolderLedger, done: number): void {
  expect(ledger.balance(of)).toMatchObject({ captured: 3 * PAGES, landed: 2 * done, quarantined: done })
}

test('G10 keeps what was written down across restarts and its own foldings, each file once', async () => {
  const folder = await tempFolder()
  for (const [from, to] of [
    [0, 7],
    [7, 20],
    [20, 33],
  ] as const) {
    const ledger = await open(folder)
    await through(ledger, places(from, to))
    expectCounts(ledger, to)
    expect(await filesIn(ledger)).toEqual(keysOf(to))
    await ledger.close()
  }
  const again = await open(folder)
  again.settled(33)
  expectCounts(again, 33)
  expect([...again.book.openPages()]).toEqual([])
  expect([...again.book.objects()]).toEqual([])
  expect(await filesIn(again)).toEqual(keysOf(33))
  expect((await readdir(folder)).filter((name) => name.startsWith('journal-'))).toHaveLength(1)
})

test('G10 a crash between any two steps of a folding loses and repeats nothing', async () => {
  const before = await tempFolder()
  const ledger = await open(before, 'write', 1 << 20)
  await through(ledger, places(0, 9))
  await ledger.close()
  const after = await tempFolder()
  await cp(before, after, { recursive: true })
  /* The next line folds the journal. */
  const folding = await open(after, 'write', 10)
  folding.settled(9)
  await folding.setAside('none')
  await folding.close()
  expect(await readdir(after)).toContain('journal-00000002')

  const onlyManifest = await tempFolder()
  await cp(before, onlyManifest, { recursive: true })
  await cp(join(after, 'files'), join(onlyManifest, 'files'), { recursive: true })
  const withJournal = await tempFolder()
  await cp(onlyManifest, withJournal, { recursive: true })
  await cp(join(after, 'journal-00000002'), join(withJournal, 'journal-00000002'), { recursive: true })
  const notDropped = await tempFolder()
  await cp(after, notDropped, { recursive: true })
  await cp(join(before, 'journal-00000001'), join(notDropped, 'journal-00000001'), { recursive: true })
  for (const folder of [onlyManifest, withJournal, notDropped, after]) {
    const again = await open(folder)
    again.settled(9)
    expectCounts(again, 9)
    expect(await filesIn(again)).toEqual(keysOf(9))
    await through(again, [9])
    expectCounts(again, 10)
  }
})

test('G10 a journal that was cut off at any byte has the lines before it, and goes on', async () => {
  const whole = await tempFolder()
  const ledger = await open(whole, 'write', 1 << 20)
  await through(ledger, [0, 1])
  await ledger.close()
  const path = join('journal-00000001', '00000001.log')
  const { size } = await stat(join(whole, path))
  let lastLanded = 0
  for (let bytes = 0; bytes <= size; bytes += 37) {
    const folder = await tempFolder()
    await cp(whole, folder, { recursive: true })
    await truncate(join(folder, path), bytes)
    /* As a power cut leaves it that kept neither: nothing says that the lines were acknowledged. */
    await rm(join(folder, 'journal-00000001', 'head'))
    const cut = await open(folder)
    const { landed } = cut.balance(of)
    expect(landed).toBeGreaterThanOrEqual(lastLanded)
    lastLanded = landed
    await through(cut, [0, 1])
    expectCounts(cut, 2)
  }
  expect(lastLanded).toBeGreaterThan(0)
})

test('damage is reported, never taken for an empty ledger', async () => {
  const folder = await tempFolder()
  const ledger = await open(folder, 'write', 1 << 20)
  await through(ledger, [0, 1])
  await ledger.close()
  const totals = join(folder, 'totals.json')
  const text = await readFile(totals, 'utf8')
  await writeFile(totals, text.slice(0, 20))
  await expect(open(folder)).rejects.toMatchObject({ code: 'ledger/corrupt' })
  await rm(totals)
  await expect(open(folder)).rejects.toMatchObject({ code: 'ledger/corrupt' })
  await writeFile(totals, text)
  const path = join(folder, 'journal-00000001', '00000001.log')
  const bytes = await readFile(path)
  bytes[60] = (bytes[60] ?? 0) ^ 1
  await writeFile(path, bytes)
  await expect(open(folder)).rejects.toMatchObject({ code: 'ledger/corrupt' })
  for (const lose of [
    () => truncate(path, bytes.length - 1),
    () => rm(path),
    () => rm(dirname(path), { recursive: true }),
  ]) {
    await lose()
    for (const mode of ['read', 'write'] as const)
      await expect(open(folder, mode)).rejects.toMatchObject({ code: 'ledger/corrupt' })
  }
})

test('where there was none it begins at the checkpoint, and says so', async () => {
  const folder = await tempFolder()
  const ledger = await FolderLedger.open(folder, { feed, formatted: 5 })
  onTestFinished(() => ledger.close())
  expect(ledger.book.since).toBe(5)
  expect(ledger.balance(of)).toMatchObject({
    captured: 3 * (PAGES - 5),
    inFlight: 3 * (PAGES - 5),
    missing: 0,
  })
  await through(ledger, [5])
  expect(ledger.balance(of)).toMatchObject({ landed: 2, quarantined: 1, balanced: true })
})

test('a reader beside the writer never sees a part, whenever the journal is folded', async () => {
  const folder = await tempFolder()
  const writer = await open(folder)
  let isDone = false
  const writing = through(writer, places(0, PAGES)).finally(() => {
    isDone = true
  })
  let seen = 0
  while (!isDone) {
    const reader = await FolderLedger.open(folder, { feed, formatted: 0, mode: 'read' })
    const { captured, landed } = reader.balance(of)
    expect(captured).toBe(3 * PAGES)
    expect(landed).toBeGreaterThanOrEqual(seen)
    seen = landed
  }
  await writing
  const reader = await FolderLedger.open(folder, { feed, formatted: PAGES, mode: 'read' })
  expectCounts(reader, PAGES)
})

test('records that are no changes are counted once, over a restart', async () => {
  const folder = await tempFolder()
  const first = await open(folder)
  first.noteFiltered('a.t', 0)
  first.noteFiltered(null, 4)
  first.noteFiltered('a.t', 0)
  await first.close()
  const second = await open(folder)
  expect([second.balance(of).filtered, second.book.bookkeeping]).toEqual([2, 4])
  await through(second, [0])
  expect([second.balance(of).filtered, second.book.bookkeeping]).toEqual([2, 4])
})

test('G1 lines stay in the journal for as long as the manifest cannot be written', async () => {
  const folder = await tempFolder()
  const ledger = await open(folder, 'write', 100)
  await writeFile(join(folder, 'files'), 'in the way')
  await expect(ledger.landed(landedOf(0))).rejects.toThrow()
  await ledger.close()
  await rm(join(folder, 'files'))
  expect(await filesIn(await open(folder))).toEqual(keysOf(1))
})
