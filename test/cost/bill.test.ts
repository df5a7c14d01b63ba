import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bill, billOf } from '../../cost/bill.ts'
import { busyWindows, pagesOf } from '../../cost/cadence.ts'
import { leversOf } from '../../cost/levers.ts'
import { listPrices } from '../../cost/list-prices.ts'
import { dollars, type PriceSheet } from '../../cost/price-sheet.ts'
import { defaultSetup } from '../../cost/setup.ts'
import { GB, streamBytes, writeUnits } from '../../cost/units.ts'
import { noVolume, overPeriod, scaled, totalOf, type Volume } from '../../cost/volume.ts'
import { designedMonth, itemised, recut, withChanges } from '../../cost/what-if.ts'
import { anyMonth } from './any-volume.ts'

function sheetOf(region: string): PriceSheet {
  const sheet = listPrices.get(region)
  if (sheet === undefined) throw new Error(`no prices of ${region}`)
  return sheet
}

const virginia = sheetOf('us-east-1')
const bill = (month: Volume) => billOf(month, defaultSetup, virginia)
const together = ({ perMonth, fixedPerMonth }: Pick<Bill, 'perMonth' | 'fixedPerMonth'>) =>
  perMonth + fixedPerMonth
const runs = { numRuns: 25 }

describe('a bill', () => {
  test('is the sum of its stages, of its tables, and of its lines', () => {
    fc.assert(
      fc.property(anyMonth, (month) => {
        const whole = bill(month)
        for (const parts of [whole.stages, whole.tables]) {
          const [changes, fixed] = [
            parts.reduce((sum, { perMonth }) => sum + perMonth, 0),
            parts.reduce((sum, { fixedPerMonth }) => sum + fixedPerMonth, 0),
          ]
          expect(changes / whole.perMonth).toBeCloseTo(1, 9)
          expect(fixed / whole.fixedPerMonth).toBeCloseTo(1, 9)
        }
        expect(whole.lines.reduce((sum, { usd }) => sum + usd, 0) / together(whole)).toBeCloseTo(1, 9)
        expect(((whole.perMillion ?? 0) * whole.changes) / 1e6 / whole.perMonth).toBeCloseTo(1, 9)
      }),
      runs,
    )
  })

  test('is no smaller for a greater volume, by its totals or as the model cuts it', () => {
    fc.assert(
      fc.property(anyMonth, fc.double({ min: 1, max: 50, noNaN: true }), (month, factor) => {
        const more = withChanges(month, totalOf(month).changes * factor)
        const nearly = (cost: number) => cost * (1 + 1e-9)
        expect(together(bill(month))).toBeLessThanOrEqual(nearly(together(bill(more))))
        expect(together(bill(recut(month, defaultSetup)))).toBeLessThanOrEqual(
          nearly(together(bill(recut(more, defaultSetup)))),
        )
      }),
      runs,
    )
  })

  test('is no smaller when one thing of one table is more', () => {
    const flows = Object.keys(noVolume).filter((name) => name !== 'compactions' && name !== 'changes')
    fc.assert(
      fc.property(anyMonth, fc.constantFrom(...flows), fc.nat(1e6), (month, name, more) => {
        const [first = '', table = noVolume] = Object.entries(month.tables)[0] ?? []
        const grown = { ...table, [name]: table[name as keyof typeof table] + more }
        const cost = together(bill({ ...month, tables: { ...month.tables, [first]: grown } }))
        expect(cost).toBeGreaterThanOrEqual(together(bill(month)) * (1 - 1e-9))
      }),
      runs,
    )
  })

  test('of no changes is what is fixed', () => {
    const empty = bill({ seconds: 1, tables: {} })
    expect(empty).toMatchObject({ perMonth: 0, perMillion: null, changes: 0 })
    expect(empty.fixedPerMonth).toBeGreaterThan(100)
  })
})

describe('the model', () => {
  test('fed with what was metered costs what was metered', () => {
    fc.assert(
      fc.property(anyMonth, fc.double({ min: 0.01, max: 100, noNaN: true }), (month, factor) => {
        const { changes } = totalOf(month)
        expect(bill(withChanges(month, changes))).toEqual(bill(month))
        /* There and back, and a part of a month at its rate. */
        const back = withChanges(withChanges(month, changes * factor), changes)
        expect(together(bill(back)) / together(bill(month))).toBeCloseTo(1, 6)
        const share = Object.entries(month.tables).map(([name, table]) => [name, scaled(table, factor)])
        const part = { seconds: month.seconds * factor, tables: Object.fromEntries(share) }
        expect(together(bill(overPeriod(part, month.seconds))) / together(bill(month))).toBeCloseTo(1, 6)
      }),
      runs,
    )
  })

  test('cuts pages that are cut so already as they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1e5, max: 1e9 }),
        fc.integer({ min: 50, max: 5_000 }),
        (changes, rowBytes) => {
          const month = designedMonth({ changesPerMonth: changes, rowBytes, tables: 7 }, defaultSetup)
          expect(together(bill(recut(month, defaultSetup))) / together(bill(month))).toBeCloseTo(1, 6)
          expect(totalOf(month).changes).toBeCloseTo(changes, 3)
        },
      ),
      runs,
    )
  })

  test('has no more busy windows than windows or events, and almost all of the fewer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e7 }), fc.nat(1e9), (windows, events) => {
        const busy = busyWindows(windows, events)
        expect(busy).toBeLessThanOrEqual(Math.min(windows, events) * (1 + 1e-9))
        expect(busy).toBeGreaterThanOrEqual(Math.min(windows, events) * 0.63)
      }),
    )
  })

  test('has the pages that commits at random make, played one by one', () => {
    /* The same every time: a generator of its own (numerical recipes). */
    let state = 1
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (const [changes, commitRows, shards] of [
      [5_000, 1, 4],
      [40_000, 1, 4],
      [12_000, 3, 4],
      [30_000, 10, 8],
      [9_000, 3, 1],
    ] as const) {
      const [seconds, windowSeconds] = [10_000, 2]
      const pages = new Set<number>()
      for (let commit = 0; commit < changes / commitRows; commit += 1) {
        const window = random(seconds / windowSeconds)
        for (let row = 0; row < commitRows; row += 1) pages.add(window * shards + random(shards))
      }
      const setup = { ...defaultSetup, shards, commitRows, captureWindowSeconds: windowSeconds }
      const modelled = pagesOf({ changes, recordBytes: 1 }, seconds, setup)
      expect(modelled / pages.size).toBeGreaterThan(0.97)
      expect(modelled / pages.size).toBeLessThan(1.03)
    }
  })

  test('says what each setting changes, and that items would cost more than pages', () => {
    const month = designedMonth({ changesPerMonth: 1e9, rowBytes: 500, tables: 6 }, defaultSetup)
    const levers = leversOf(month, defaultSetup, virginia)
    const of = (name: string) => levers.find((lever) => lever.name === name)?.difference ?? Number.NaN
    expect(of('window of capture')).toBeLessThan(0)
    expect(of('raw pages kept')).toBeLessThan(0)
    expect(of('raw changes')).toBeGreaterThan(500)
    expect(leversOf(month, { ...defaultSetup, rawDays: 7 }, virginia).map(({ name }) => name)).not.toContain(
      'raw pages kept',
    )
  })
})

describe('known numbers', () => {
  const changes = 100e6

  test('100 M changes cost 62 to 125 dollars as items, about 9 as pages of 100 (ADR 0020)', () => {
    const write = (units: number) => dollars(virginia, 'dynamodb.write', units)
    expect(write(changes * writeUnits(1_000))).toBeCloseTo(62.5, 9)
    expect(write(changes * writeUnits(1_500))).toBeCloseTo(125, 9)
    /* 100 rows of 850 bytes deflate to 14.4 KB. */
    expect(write((changes / 100) * writeUnits(14_400))).toBeCloseTo(9.375, 9)
  })

  test('1 M pages are 1 M units of the index and half as many of the ledger, and 1 M more when they come late (ADR 0050)', () => {
    const pages = 1e6
    const table = { ...noVolume, changes, pages, items: pages, itemUnits: 15 * pages, blocks: pages }
    const unitsOf = (latePages: number) => {
      const setup = { ...defaultSetup, latePages }
      const { lines } = billOf({ seconds: 2_628_000, tables: { one: table } }, setup, virginia)
      const written = lines.filter(({ id }) => id === 'dynamodb.write')
      return (stage: string) => written.find((line) => line.stage === stage)?.units ?? 0
    }
    expect(unitsOf(0)('capture')).toBe(16 * pages)
    expect(unitsOf(0)('audit')).toBeLessThan(0.5 * pages)
    expect(unitsOf(1)('audit') - unitsOf(0)('audit')).toBeCloseTo(pages, 3)
  })

  test('a stream of 100 M records of 930 bytes costs 40 dollars a month', () => {
    const table = {
      ...noVolume,
      changes,
      recordBytes: changes * 930,
      streamBytes: changes * streamBytes(930),
    }
    const { lines } = billOf(
      { seconds: 2_628_000, tables: { one: table } },
      { ...defaultSetup, retentionHours: 24 },
      virginia,
    )
    const stream = lines.filter(({ stage }) => stage === 'stream')
    expect(stream.find(({ id }) => id === 'kinesis.in')?.units).toBeCloseTo((changes * 1_024) / GB, 6)
    expect(stream.reduce((sum, { usd }) => sum + usd, 0)).toBeCloseTo(29.2 + 7.63 + 3.46, 1)
  })

  test('an item for each change writes one unit of the table and one of its index for each KiB and change', () => {
    const table = { ...noVolume, changes, recordBytes: changes * 930 }
    const { items, itemUnits } = totalOf(itemised({ seconds: 1, tables: { one: table } }))
    expect({ items, itemUnits }).toEqual({ items: changes, itemUnits: changes })
  })
})
