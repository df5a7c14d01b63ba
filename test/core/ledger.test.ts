import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Feed, LedgerLine, NamedBlock, PageRecord } from '../../core/ledger/ledger.ts'
import { balancesOf } from '../../core/ledger/ledger-balance.ts'
import { LedgerBook } from '../../core/ledger/ledger-book.ts'
import { PlaceSet } from '../../core/ledger/place-set.ts'
import { formatPosition } from '../../core/position.ts'
import { runs } from '../support/budget.ts'

describe('a set of places', () => {
  test('is the set of what was added, in as few ranges as there are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 60 }), fc.nat(40), fc.nat(45), (places, from, to) => {
        const set = new PlaceSet()
        for (const place of places) set.add(place)
        const model = new Set(places)
        const all = Array.from({ length: 45 }, (_, place) => place)
        expect(all.filter((place) => set.has(place))).toEqual(all.filter((place) => model.has(place)))
        const gaps = all.filter((place) => place >= from && place < to && !model.has(place))
        expect([...set.gaps(from, to)]).toEqual(gaps)
        const begins = all.filter((place) => model.has(place) && !model.has(place - 1))
        expect(set.toJSON().map(([begin]) => begin)).toEqual(begins)
        expect([...new PlaceSet(set.toJSON()).gaps(0, 45)]).toEqual([...set.gaps(0, 45)])
      }),
      { numRuns: runs(200) },
    )
  })
})

const contracts = ['a.t v1', 'a.t v2'] as const
const positionOf = (place: number) => formatPosition({ epoch: 1, lsn: BigInt(place), ordinal: 1, step: 0 })

/** Pages of one table; `sizes` are the changes of each of its blocks for both contracts. */
function recordOf(place: number, sizes: readonly number[], refused: number): PageRecord {
  const page = `p${place}`
  const position = positionOf(place)
  const blockOf =
    (contract: string) =>
    (changes: number, ordinal: number): NamedBlock => ({
      ...{ contract, origin: 'page', page, ordinal, changes, rows: changes },
      ...{ first: position, last: position, digest: `${changes}` },
    })
  return {
    ...{ page, table: 'a.t', firstPosition: position, lastPosition: position },
    changes: sizes.reduce((sum, size) => sum + size, refused),
    shares: contracts.map((contract) => ({
      ...{ contract, refused, fresh: refused, filtered: 0 },
      blocks: sizes.map(blockOf(contract)),
    })),
  }
}

function placeIn(records: readonly PageRecord[], page: string): number | undefined {
  const place = records.findIndex((record) => record.page === page)
  return place < 0 ? undefined : place
}

function feedOf(records: readonly PageRecord[]): Feed {
  return {
    length: records.length,
    header: (place) => {
      const record = records[place]
      return record === undefined ? undefined : { ...record, key: record.page }
    },
    placeOf: (page) => placeIn(records, page),
  }
}

const anyPage = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
  refused: fc.nat(3),
  isLost: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
})
const anyPages = fc.array(anyPage, { minLength: 1, maxLength: 8 })

function linesOf(record: PageRecord, isLost: boolean): readonly LedgerLine[] {
  const blocks = record.shares.flatMap((share) => share.blocks)
  const arrived = isLost ? blocks.slice(1) : blocks
  return [
    { kind: 'formatted', pages: [record] },
    ...arrived.map((block): LedgerLine => ({ kind: 'landed', object: 'o', blocks: [block], files: [] })),
  ]
}

describe('the books', () => {
  test('G1 G3 say the same whatever the order of the lines, however often one comes, wherever they were stored', () => {
    fc.assert(
      fc.property(anyPages, fc.infiniteStream(fc.nat(1_000)), (pages, dice) => {
        const roll = (sides: number) => (dice.next().value ?? 0) % sides
        const records = pages.map(({ sizes, refused }, place) => recordOf(place, sizes, refused))
        const lines = records.flatMap((record, place) => linesOf(record, pages[place]?.isLost === true))
        const mixed = [...lines, ...lines]
          .map((line) => ({ line, at: roll(1_000) }))
          .toSorted((left, right) => left.at - right.at)
        const feed = feedOf(records)
        let book = LedgerBook.begin(feed, 0)
        for (const { line } of mixed) {
          book.apply(line)
          book.fold(roll(records.length + 1))
          if (roll(4) === 0) book = new LedgerBook(feed, JSON.parse(JSON.stringify(book)))
        }
        book.fold(records.length)
        const captured = records.reduce((sum, { changes }) => sum + changes, 0)
        for (const [index, contract] of contracts.entries()) {
          const lost = pages.map(({ sizes, isLost }) => (isLost && index === 0 ? (sizes[0] ?? 0) : 0))
          const missing = lost.reduce((sum, size) => sum + size, 0)
          const quarantined = pages.reduce((sum, { refused }) => sum + refused, 0)
          const firstOpen = records.findIndex(
            (record, place) => pages[place]?.isLost && record.shares[0]?.blocks.length,
          )
          const through = firstOpen < 0 ? records.length - 1 : firstOpen - 1
          expect(
            balancesOf(book, {
              feed,
              progress: { formatted: records.length, landed: records.length, overdue: new Set() },
              totals: () => ({ changes: captured, through: positionOf(records.length - 1) }),
            })({ contract, source: 'a.t' }),
          ).toMatchObject({
            ...{ captured, quarantined, missing, inFlight: 0, filtered: 0 },
            landed: captured - quarantined - missing,
            balanced: missing === 0,
            landedThrough: through < 0 ? null : positionOf(through),
          })
        }
        /* G9: what balances is not kept one by one. */
        const open = pages.filter(({ isLost, sizes }) => isLost && sizes.length > 0)
        expect([...book.openPages()]).toHaveLength(open.length)
      }),
      { numRuns: runs(150) },
    )
  })

  test('G1 the object of a redriven block is known until it has landed, or a replay read its changes', () => {
    const [block] = recordOf(0, [2], 0).shares[0]?.blocks ?? []
    if (block === undefined) throw new Error('no block')
    const redriven: NamedBlock = { ...block, origin: 'redrive', page: '' }
    const begin = () => {
      const book = LedgerBook.begin(feedOf([]), 0)
      book.apply({ kind: 'delivered', object: 'o1', blocks: [redriven] })
      book.fold(0)
      book.apply({ kind: 'redriven', blocks: [redriven] })
      book.fold(0)
      expect([...book.objects()].map(([key]) => key)).toEqual(['o1'])
      expect([...book.redrives()]).toEqual([redriven])
      return book
    }
    const landed = begin()
    landed.apply({ kind: 'landed', object: 'o1', blocks: [redriven], files: [] })
    const replayed = begin()
    const range = { pages: [], from: block.first, to: block.last }
    replayed.apply({ kind: 'replayed', contract: 'a.t v2', contracts: [...contracts], ...range })
    expect([...replayed.redrives()]).toHaveLength(1)
    replayed.apply({ kind: 'replayed', contract: block.contract, contracts: [...contracts], ...range })
    for (const book of [landed, replayed]) {
      expect([[...book.objects()], [...book.redrives()]]).toEqual([[], []])
      expect(book.contract(block.contract).redriven).toBe(2)
    }
  })

  test('G1 another reading of a page takes the place of the one before: its own blocks must land', () => {
    const first = recordOf(0, [2], 1)
    const second = recordOf(0, [3], 0)
    const feed = feedOf([first])
    const book = LedgerBook.begin(feed, 0)
    for (const line of linesOf(first, false)) book.apply(line)
    book.fold(0)
    book.apply({ kind: 'formatted', pages: [second] })
    book.fold(1)
    const totals = { changes: 3, through: null }
    const progress = { formatted: 1, landed: 0, overdue: new Set<string>() }
    const balance = () =>
      balancesOf(book, { feed, progress, totals: () => totals })({ contract: 'a.t v1', source: 'a.t' })
    expect(balance()).toMatchObject({ landed: 0, quarantined: 0, inFlight: 3, balanced: true })
    for (const line of linesOf(second, false)) book.apply(line)
    book.fold(1)
    expect(balance()).toMatchObject({ landed: 3, inFlight: 0, balanced: true })
  })

  test('a page whose blocks and refusals are not its changes never balances', () => {
    const record = { ...recordOf(0, [2], 1), changes: 4 }
    const feed = feedOf([record])
    const book = LedgerBook.begin(feed, 0)
    for (const line of linesOf(record, false)) book.apply(line)
    book.fold(1)
    const progress = { formatted: 1, landed: 1, overdue: new Set<string>() }
    const totals = { changes: 4, through: null }
    expect(
      balancesOf(book, { feed, progress, totals: () => totals })({ contract: 'a.t v1', source: 'a.t' }),
    ).toMatchObject({
      captured: 4,
      landed: 2,
      quarantined: 1,
      missing: 1,
      balanced: false,
    })
  })

  test('a raw store that has other changes than the books counted does not balance', () => {
    const record = recordOf(0, [2], 0)
    const feed = feedOf([record])
    const book = LedgerBook.begin(feed, 0)
    for (const line of linesOf(record, false)) book.apply(line)
    book.fold(1)
    const progress = { formatted: 1, landed: 1, overdue: new Set<string>() }
    const balance = (changes: number) =>
      balancesOf(book, {
        ...{ feed, progress, totals: () => ({ changes, through: null }) },
      })({ contract: 'a.t v1', source: 'a.t' }).balanced
    expect([balance(2), balance(3)]).toEqual([true, false])
  })

  test('what capture filtered is counted on both sides', () => {
    const feed = feedOf([])
    const book = LedgerBook.begin(feed, 0)
    book.apply({ kind: 'filtered', control: { 'a.t': 2, 'a.u': 1 }, bookkeeping: 5 })
    const progress = { formatted: 0, landed: 0, overdue: new Set<string>() }
    expect(
      balancesOf(book, {
        ...{ feed, progress, totals: () => ({ changes: 0, through: null }) },
      })({ contract: 'a.t v1', source: 'a.t' }),
    ).toMatchObject({ captured: 2, filtered: 2, balanced: true })
    expect(book.bookkeeping).toBe(5)
  })
})
