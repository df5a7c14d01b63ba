import { cp } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { TableVersion } from '../../../core/contract/language/table-version.ts'
import type { LandedObject, ManifestDay, NamedBlock, PageRecord } from '../../../core/ledger/ledger.ts'
import { type Page, pageOfKey } from '../../../core/page.ts'
import { formatPosition } from '../../../core/position.ts'
import { FolderLedger } from '../../../local/ledger/folder-ledger.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readState } from '../../../local/state/state-file.ts'
import { FolderRawStore } from '../../../local/stores/folder-raw-store.ts'
import { runs } from '../../support/budget.ts'
import { type OpenStores, openStores } from '../../support/open-stores.ts'
import { damageItem } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { walkedBalance } from '../../support/walked-balance.ts'

const source = 'a.t'
const contracts = [
  { name: 'a.t', version: 1 },
  { name: 'a.t', version: 2 },
] as const
const [contract] = contracts
const of = { contract, source }
const day: ManifestDay = { table: 'a.t', version: 1, day: '2026-01-02' }
const positionOf = (place: number) => formatPosition({ epoch: 1, lsn: BigInt(place), ordinal: 1, step: 0 })

/** Pages of one table; `sizes` are the changes of each of its blocks, for every contract. */
function recordOf(place: number, sizes: readonly number[] = [2], refused = 1, changes?: number): PageRecord {
  const sum = changes ?? sizes.reduce((all, size) => all + size, refused)
  const position = positionOf(place)
  const page = `${source}#${position}#${position}#shard#${place}#0#${sum}`
  const blockOf =
    (name: TableVersion) =>
    (size: number, ordinal: number): NamedBlock => ({
      contract: name,
      origin: 'page',
      page,
      ordinal,
      changes: size,
      rows: size,
      first: position,
      last: position,
      digest: `${size}`,
    })
  return {
    page,
    table: source,
    changes: sum,
    firstPosition: position,
    lastPosition: position,
    shares: contracts.map((name) => ({
      contract: name,
      blocks: sizes.map(blockOf(name)),
      refused,
      fresh: refused,
      filtered: 0,
    })),
  }
}

const blocksOf = ({ shares }: PageRecord) => shares.flatMap(({ blocks }) => blocks)

function pageOf({ page }: PageRecord): Page {
  const name = pageOfKey(page)
  if (name === undefined) throw new Error('no page')
  return { ...name, committedAt: 0, content: Buffer.from(page) }
}

function landedOf(object: string, blocks: readonly NamedBlock[]): LandedObject {
  const added = [{ key: `lake/${object}.parquet`, rows: 2, bytes: 9, first: null, last: null }]
  return { object, blocks, files: [{ ...day, added, removed: [] }] }
}

async function openIn(folder: string): Promise<OpenStores> {
  const stores = await openStores(folder)
  onTestFinished(stores.close)
  return stores
}

async function captured(records: readonly PageRecord[]): Promise<string> {
  const folder = await tempFolder()
  const { raw, close } = await openStores(folder)
  for (const record of records) await raw.put([pageOf(record)])
  await close()
  return folder
}

async function take(ledger: FolderLedger, place: number, record: PageRecord): Promise<void> {
  await ledger.delivered(`o${place}`, blocksOf(record))
  await ledger.passTo(place + 1, [record])
  await ledger.landed(landedOf(`o${place}`, blocksOf(record)))
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const one of items) found.push(one)
  return found
}

const anyPage = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
  refused: fc.integer({ min: 1, max: 3 }),
  isLost: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
})

test('G1 G3 G10 the balance is that of every record, whatever the order of the calls, however often one comes, wherever it was stopped', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyPage, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat(1_000)),
      async (pages, dice) => {
        const roll = (sides: number) => (dice.next().value ?? 0) % sides
        const records = pages.map(({ sizes, refused }, place) => recordOf(place, sizes, refused))
        const folder = await captured(records)
        type Step = (ledger: FolderLedger) => Promise<void>
        const steps = records.flatMap((record, place): readonly Step[] => {
          const arriving = blocksOf(record).slice(pages[place]?.isLost === true ? 1 : 0)
          return [
            (ledger) => ledger.formatted([record]),
            ...arriving.map(
              (block, index): Step =>
                (ledger) =>
                  ledger.landed({ object: `${place}-${index}`, blocks: [block], files: [] }),
            ),
          ]
        })
        const mixed = [...steps, ...steps]
          .map((step) => ({ step, at: roll(1_000) }))
          .toSorted((left, right) => left.at - right.at)
        let stores = await openStores(folder)
        for (const { step } of mixed) {
          await step(stores.ledger)
          if (roll(6) > 0) continue
          await stores.close()
          stores = await openStores(folder)
        }
        const { ledger, raw } = stores
        await ledger.passTo(raw.length, [])
        ledger.caughtUp(ledger.mark())
        const sum = records.reduce((all, { changes }) => all + changes, 0)
        const quarantined = pages.reduce((all, { refused }) => all + refused, 0)
        const isOpen = (place: number) => pages[place]?.isLost === true && pages[place].sizes.length > 0
        const firstOpen = records.findIndex((_, place) => isOpen(place))
        const through = firstOpen < 0 ? records.length - 1 : firstOpen - 1
        for (const [index, name] of contracts.entries()) {
          const lost = pages.map(({ sizes, isLost }) => (isLost && index === 0 ? (sizes[0] ?? 0) : 0))
          const missing = lost.reduce((all, size) => all + size, 0)
          const expected = {
            captured: sum,
            quarantined,
            missing,
            inFlight: 0,
            filtered: 0,
            landed: sum - quarantined - missing,
            balanced: missing === 0,
            capturedThrough: positionOf(records.length - 1),
          }
          const balance = ledger.balance({ contract: name, source })
          expect(balance).toMatchObject(expected)
          /* Of pages that were recorded out of their order it may say less. */
          const landedThrough = through < 0 ? null : positionOf(through)
          if (firstOpen < 0) expect(balance.landedThrough).toBe(landedThrough)
          expect((balance.landedThrough ?? '') <= (landedThrough ?? '')).toBe(true)
          const { balanced: _, ...walked } = expected
          expect(await walkedBalance(stores, { contract: name, source }, true)).toMatchObject(walked)
        }
        /* G9: what balances is not kept one by one. */
        const open = await all(stores.state.ledger.range('open'))
        expect(open).toHaveLength(records.filter((_, place) => isOpen(place)).length)
        expect(await all(stores.state.ledger.range('delivered'))).toEqual([])
        await stores.close()
      },
    ),
    { numRuns: runs(12) },
  )
})

test('G10 what was written down is there for who opens it after the call, and format goes on behind it', async () => {
  const records = Array.from({ length: 9 }, (_, place) => recordOf(place))
  const folder = await captured(records)
  for (const [from, to] of [
    [0, 2],
    [2, 9],
  ] as const) {
    const { ledger, close } = await openIn(folder)
    expect(ledger.checkpoint).toBe(from)
    for (let place = from; place < to; place += 1) await take(ledger, place, recordOf(place))
    expect(ledger.balance(of)).toMatchObject({ captured: 27, landed: 2 * to, quarantined: to, missing: 0 })
    expect(ledger.isBalanced(recordOf(to - 1).page)).toBe(true)
    await close()
  }
})

test('G10 a record is there with the checkpoint that passes it, or neither is', async () => {
  const folder = await captured([recordOf(0)])
  const { ledger, state, close } = await openIn(folder)
  const broken = { ...recordOf(0), page: 'of no page' }
  await expect(ledger.passTo(1, [recordOf(0), broken])).rejects.toThrow(RangeError)
  expect(ledger.checkpoint).toBe(0)
  expect(await all(state.ledger.range('open'))).toEqual([])
  expect(ledger.balance(of)).toMatchObject({ captured: 3, inFlight: 3, balanced: true })
  await close()
  expect((await openIn(folder)).ledger.checkpoint).toBe(0)
})

test('G1 a page that format passed over is missing at once, also after a restart, until it is recorded', async () => {
  const folder = await captured([recordOf(0), recordOf(1)])
  const first = await openIn(folder)
  await take(first.ledger, 0, recordOf(0))
  await first.ledger.passTo(2, [])
  const lost = { captured: 6, landed: 2, missing: 3, inFlight: 0, balanced: false, landedThrough: null }
  expect(first.ledger.balance(of)).toMatchObject(lost)
  /* What comes behind it is on its way. */
  await first.raw.put([pageOf(recordOf(2))])
  await first.close()
  const second = await openIn(folder)
  expect(second.ledger.balance(of)).toMatchObject({ ...lost, captured: 9, inFlight: 3 })
  const { page } = recordOf(1)
  const range = { from: positionOf(1), to: positionOf(1) }
  for (const name of contracts)
    await second.ledger.replayed({ contract: name, contracts, pages: [page], ...range })
  const mended = { captured: 9, landed: 5, missing: 0, inFlight: 3, balanced: true }
  expect(second.ledger.balance(of)).toMatchObject({ ...mended, landedThrough: positionOf(1) })
  await take(second.ledger, 2, recordOf(2))
  expect(second.ledger.balance(of)).toMatchObject({ landed: 7, quarantined: 2, inFlight: 0, balanced: true })
})

test('G1 another reading of a page takes the place of the one before: its own blocks must land', async () => {
  const { ledger } = await openIn(await captured([recordOf(0)]))
  const [first, second] = [recordOf(0), { ...recordOf(0, [3], 0), page: recordOf(0).page }]
  const again = second.shares.map((share) => ({
    ...share,
    blocks: share.blocks.map((block) => ({ ...block, page: first.page })),
  }))
  await ledger.landed({ object: 'o', blocks: blocksOf(first), files: [] })
  await ledger.formatted([{ ...second, shares: again }])
  expect(ledger.balance(of)).toMatchObject({ landed: 0, quarantined: 0, inFlight: 3, balanced: true })
  await ledger.landed({ object: 'p', blocks: again.flatMap(({ blocks }) => blocks), files: [] })
  expect(ledger.balance(of)).toMatchObject({ landed: 3, inFlight: 0, balanced: true })
})

test('a page whose blocks and refusals are not its changes never balances', async () => {
  const record = recordOf(0, [2], 1, 4)
  const { ledger } = await openIn(await captured([record]))
  await take(ledger, 0, record)
  const sums = { captured: 4, landed: 2, quarantined: 1, missing: 1, balanced: false }
  expect(ledger.balance(of)).toMatchObject(sums)
})

test('files of a load count once, as the newer record says', async () => {
  const folder = await tempFolder()
  const { ledger, close } = await openIn(folder)
  const file = { load: 'l', table: source, files: [], rows: 5 }
  await ledger.recordLoadFile({ ...file, key: 'a', landed: { 'a.t v1': 5 }, refused: {} })
  await ledger.recordLoadFile({ ...file, key: 'b', rows: 3, landed: {}, refused: { 'a.t v1': 3 } })
  await ledger.recordLoadFile({
    ...file,
    key: 'a',
    rows: 7,
    landed: { 'a.t v1': 3 },
    refused: { 'a.t v1': 4 },
  })
  const sums = { rows: 10, landed: 3, quarantined: 7 }
  expect(ledger.balance(of)).toMatchObject({ loads: sums, balanced: true })
  await close()
  expect((await openIn(folder)).ledger.balance(of).loads).toEqual(sums)
})

test('records that are no changes are counted once, over a restart', async () => {
  const folder = await captured([recordOf(0)])
  const first = await openIn(folder)
  first.ledger.noteFiltered(source, 0)
  first.ledger.noteFiltered(null, 4)
  first.ledger.noteFiltered(source, 0)
  await first.close()
  const { ledger } = await openIn(folder)
  expect([ledger.balance(of).filtered, ledger.bookkeeping]).toEqual([2, 4])
  await take(ledger, 0, recordOf(0))
  expect([ledger.balance(of).filtered, ledger.bookkeeping]).toEqual([2, 4])
})

test('a reader beside the writer never sees a part', async () => {
  const records = Array.from({ length: 30 }, (_, place) => recordOf(place))
  const folder = await captured(records)
  const { ledger } = await openIn(folder)
  let isDone = false
  const writing = (async () => {
    for (const [place, record] of records.entries()) await take(ledger, place, record)
    isDone = true
  })()
  let seen = 0
  while (!isDone) {
    const walked = await readState(runFolder(folder), async (state) => {
      const reader = await FolderLedger.open({ items: state.ledger, raw: await FolderRawStore.in(state) })
      return reader.balance(of)
    })
    expect(walked).toMatchObject({ captured: 90, missing: 0 })
    expect(walked.landed).toBeGreaterThanOrEqual(seen)
    seen = walked.landed
  }
  await writing
})

test('damage is reported, never taken for an empty ledger', async () => {
  const folder = await captured([recordOf(0), recordOf(1)])
  const { ledger, close } = await openIn(folder)
  await take(ledger, 0, recordOf(0))
  await ledger.passTo(2, [recordOf(1)])
  await close()
  for (const pk of ['format', 'sums', 'open']) {
    const copy = await tempFolder()
    await cp(folder, copy, { recursive: true })
    damageItem(copy, { table: 'ledger', pk })
    await expect(openStores(copy), pk).rejects.toMatchObject({
      code: 'ledger/corrupt',
      message: expect.stringContaining(pk),
    })
  }
})
