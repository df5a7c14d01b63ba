import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockId, type NamedBlock } from '../../core/ledger/ledger.ts'
import type { RecordedPage } from '../../core/ledger/recorded-page.ts'
import { type PageName, pageOfKey } from '../../core/page.ts'
import type { ItemTable, ItemWrite } from '../../core/ports/item-table.ts'
import { formatPosition } from '../../core/position.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import { runs } from '../support/budget.ts'
import { ItemModel } from './item-model.ts'

const contract = { name: 'a.t', version: 1 }
const REACH = 1n << 28n

/* Small items, so that blocks of one object lie in several. `before` is called with each item, before it is there. */
function tableOf(model: ItemModel, before: () => void = () => undefined): ItemTable {
  const write = async (writes: readonly ItemWrite[]) => {
    for (const one of writes) {
      before()
      model.write([one])
    }
  }
  const unused = () => Promise.reject(new Error('not of a ledger'))
  return {
    shape: { inlineBytes: 700, spread: 3, callsAtOnce: 1, isVerified: false },
    write,
    writeSpread: write,
    putIf: unused,
    changeIf: unused,
    deleteIf: unused,
    get: async ({ pk, sk }) => model.range(pk, { from: sk, to: sk })[0],
    range: async function* (pk, range = {}) {
      yield* model.range(pk, range)
    },
  }
}

interface Shape {
  readonly reach: number
  readonly at: number
  readonly length: number
  readonly isRecord: boolean
  /** In which objects its blocks land; the first may be set aside. */
  readonly objects: readonly number[]
}

const anyPages = fc.array(
  fc.record({
    reach: fc.nat(3),
    at: fc.nat(5),
    length: fc.nat(2 ** 29),
    isRecord: fc.boolean(),
    objects: fc.subarray([1, 2, 3]),
  }),
  { minLength: 1, maxLength: 12 },
)

function pageOf({ reach, at, length }: Shape, index: number): PageName {
  /* About the end of a reach, on both sides. */
  const lsn = REACH * BigInt(reach + 1) + BigInt(at - 3)
  const position = (of: bigint) => formatPosition({ epoch: 1, lsn: of, ordinal: 1, step: 0 })
  const page = pageOfKey(`a.t#${position(lsn)}#${position(lsn + BigInt(length))}#shard#${index}#0#3`)
  if (page === undefined) throw new Error('no page')
  return page
}

function blocksOf(
  { key, firstPosition: first, lastPosition: last }: PageName,
  isRecord: boolean,
): readonly NamedBlock[] {
  const label = { contract, origin: 'page', page: key, rows: 3, first, last, digest: 'd'.repeat(16) } as const
  return isRecord
    ? [{ ...label, ordinal: 0, changes: 3, isRecord }]
    : [1, 2].map((changes, ordinal) => ({ ...label, ordinal, changes }))
}

async function all(pages: AsyncIterable<RecordedPage>): Promise<readonly RecordedPage[]> {
  const found: RecordedPage[] = []
  for await (const one of pages) found.push(one)
  return found
}

test('G1 G3 pages come back as they were said, in any range, by record or by block, however objects hold them', async () => {
  await fc.assert(
    fc.asyncProperty(anyPages, fc.nat(), fc.nat(), async (shapes, one, other) => {
      const table = tableOf(new ItemModel())
      const ledger = new ItemLedger({ table, rawDays: 30, now: () => 7 })
      const pages = shapes.map((shape, index) => ({ ...shape, page: pageOf(shape, index) }))
      const objects = new Map<number, NamedBlock[]>()
      for (const { page, isRecord, objects: into } of pages) {
        const blocks = blocksOf(page, isRecord)
        for (const object of into) objects.set(object, [...(objects.get(object) ?? []), ...blocks])
        const share = { contract, blocks, refused: 0, fresh: 0, filtered: 0 }
        if (!isRecord) await ledger.formatted([{ ...page, page: page.key, shares: [share] }])
      }
      /* Each lands twice. */
      for (const [object, blocks] of [...objects, ...objects])
        await ledger.landed({ object: `landing/changes/2026/01/02/03/${object}`, blocks, files: [] })
      const expected = pages
        .filter(({ isRecord, objects: into }) => !isRecord || into.length > 0)
        .map(({ page, isRecord, objects: into }) => {
          const blocks = blocksOf(page, isRecord)
          return {
            key: page.key,
            blocks: blocks.map(blockId),
            landed: into.length > 0 ? blocks.map(blockId) : [],
          }
        })
        .sort((left, right) => (left.key < right.key ? -1 : 1))
      const seen = ({ page, formatted, landed }: RecordedPage) => ({
        key: page.key,
        blocks: formatted?.shares.flatMap(({ blocks }) => blocks).map(blockId),
        landed: [...landed].sort(),
      })
      const reader = new LedgerReader(table)
      expect((await all(reader.pages('a.t', {}))).map(seen)).toEqual(expected)
      const ends = [one, other].map((index) => pages[index % pages.length]?.page.firstPosition ?? '').sort()
      const [from = '', to = ''] = ends
      const within = (range: { readonly from?: string; readonly to?: string }) =>
        expected.filter(({ key }) => {
          const first = pageOfKey(key)?.firstPosition ?? ''
          return (range.from ?? '') <= first && (range.to === undefined || first <= range.to)
        })
      for (const range of [{ from }, { to }, { from, to }])
        expect((await all(reader.pages('a.t', range))).map(seen)).toEqual(within(range))
      for (const one of expected) {
        const page = await reader.page(one.key)
        expect(page && seen(page)).toEqual(one)
      }
    }),
    { numRuns: runs(60) },
  )
})

test('G1 an object that is set aside tells of the pages whose record its blocks are, and of no other', async () => {
  const table = tableOf(new ItemModel())
  const ledger = new ItemLedger({ table, rawDays: 30, now: () => 7 })
  const shape = { reach: 0, length: 0, objects: [] }
  const [record, plain] = [true, false].map((isRecord, at) => pageOf({ ...shape, isRecord, at }, at))
  if (record === undefined || plain === undefined) throw new Error('no pages')
  const blocks = [...blocksOf(record, true), ...blocksOf(plain, false)]
  await ledger.delivered('landing/changes/2026/01/02/03/o', blocks)
  await ledger.setAside('landing/changes/2026/01/02/03/o')
  const reader = new LedgerReader(table)
  expect((await all(reader.pages('a.t', {}))).map(({ page }) => page.key)).toEqual([record.key])
  const [found] = await all(reader.pages('a.t', {}))
  expect(found?.formatted?.shares.flatMap((share) => share.blocks)).toEqual(blocksOf(record, true))
  expect([...(found?.landed ?? [])]).toEqual([])
  expect([...(await reader.aside()).keys()].sort()).toEqual(blocks.map(blockId).sort())
})

test('G1 of two readings of a page the newer one counts: a record, or a block behind it that landed', async () => {
  const model = new ItemModel()
  const table = tableOf(model)
  let now = 1
  const ledger = new ItemLedger({ table, rawDays: 30, now: () => now })
  const page = pageOf({ reach: 0, at: 0, length: 0, isRecord: true, objects: [] }, 0)
  const [[whole], [plain]] = [blocksOf(page, true), blocksOf(page, false)]
  if (whole === undefined || plain === undefined) throw new Error('no blocks')
  /* One change of three was refused; its block was lost. */
  const refusing = { ...plain, changes: 2, digest: 'e'.repeat(16) }
  const share = { contract, blocks: [refusing], refused: 1, fresh: 1, filtered: 0 }
  const found = async () => {
    const seen = await new LedgerReader(table).page(page.key)
    return seen?.formatted?.shares.map(({ blocks, refused }) => [blocks.map(blockId), refused])
  }
  await ledger.formatted([{ ...page, page: page.key, shares: [share] }])
  now = 2
  await ledger.delivered('landing/changes/2026/01/02/03/o', [whole])
  expect(await found()).toEqual([[[blockId(refusing)], 1]])
  await ledger.landed({ object: 'landing/changes/2026/01/02/03/o', blocks: [whole], files: [] })
  expect(await found()).toEqual([[[blockId(whole)], 0]])
  now = 3
  await ledger.formatted([{ ...page, page: page.key, shares: [share] }])
  expect(await found()).toEqual([[[blockId(refusing)], 1]])
})

test('an item that the ledger did not write is ledger/corrupt', async () => {
  const model = new ItemModel()
  const { key } = pageOf({ reach: 0, at: 0, length: 0, isRecord: true, objects: [] }, 0)
  const sk = `${key.slice('a.t#'.length)}!landed!d!0`
  model.write([{ kind: 'put', item: { pk: 'blocks#a.t', sk, blocks: '[["x",1]]', at: 1 } }])
  await expect(all(new LedgerReader(tableOf(model)).pages('a.t', {}))).rejects.toMatchObject({
    code: 'ledger/corrupt',
  })
})

test('G3 G10 cut off before any item and done again, landing and setting aside end as if nothing had happened', async () => {
  const shape = { length: 1, objects: [] }
  const pages = [0, 1, 2, 3, 4, 5].map((index) =>
    pageOf({ ...shape, reach: index % 2, at: index, isRecord: true }, index),
  )
  const blocks = pages.flatMap((page, index) => blocksOf(page, index % 3 !== 2))
  const day = { table: 'a.t', version: 1, day: '2026-01-02' }
  const file = { key: 'lake/a/t/o.parquet', rows: 3, bytes: 9, first: null, last: null }
  const work = async (table: ItemTable) => {
    const ledger = new ItemLedger({ table, rawDays: 30, now: () => 7 })
    await ledger.landed({
      object: 'landing/changes/2026/01/02/03/o',
      blocks: blocks.slice(0, 5),
      files: [{ ...day, added: [file], removed: [] }],
    })
    await ledger.delivered('landing/changes/2026/01/02/03/p', blocks.slice(5))
    await ledger.setAside('landing/changes/2026/01/02/03/p')
  }
  const told = async (model: ItemModel) => {
    const reader = new LedgerReader(tableOf(model))
    return [await all(reader.pages('a.t', {})), await reader.aside(), await reader.files(day)]
  }
  const whole = new ItemModel()
  let items = 0
  await work(
    tableOf(whole, () => {
      items += 1
    }),
  )
  expect(items).toBeGreaterThan(8)
  const expected = await told(whole)
  for (let cut = 1; cut <= items; cut += 1) {
    const model = new ItemModel()
    let left = cut
    const cutting = tableOf(model, () => {
      left -= 1
      if (left === 0) throw new Error('cut off')
    })
    await expect(work(cutting)).rejects.toThrow('cut off')
    await work(tableOf(model))
    expect(await told(model)).toEqual(expected)
  }
})
