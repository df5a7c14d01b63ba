import fc from 'fast-check'
import { expect, it } from 'vitest'
import { steadyPace } from '../../../local/sample/pace.ts'

const rates = fc.integer({ min: 1, max: 100_000 })

/** Spends each cost as soon as the pace allows it, on a clock of its own; returns changes beyond the asked rate. */
function surplus(rate: number, costs: readonly number[]): number {
  const pace = steadyPace(rate, 0)
  let now = 0
  let total = 0
  for (const cost of costs) {
    now += pace.waitMs(now)
    expect(pace.waitMs(now)).toBe(0)
    pace.spend(cost, now)
    total += cost
  }
  now += pace.waitMs(now)
  return total - (rate * now) / 1_000
}

/** What a pause may be caught up with, and two milliseconds of rounding. */
const slack = (rate: number) => Math.max(1, rate * 0.25) + rate * 0.002 + 1

it('keeps the asked rate whatever the sizes of small transactions', () => {
  const sizes = fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(rates, sizes, (rate, parts) => {
      const costs = parts.map((part) => Math.max(1, Math.floor(part * rate * 0.2)))
      expect(Math.abs(surplus(rate, costs))).toBeLessThanOrEqual(slack(rate))
    }),
  )
})

it('is ahead of the asked rate by no more than one large transaction, when they are rare', () => {
  fc.assert(
    fc.property(fc.integer({ min: 500, max: 50_000 }), (rate) => {
      const costs = Array.from({ length: 1_500 }, (_, n) => (n % 500 === 0 ? 5_000 : 40))
      const ahead = surplus(rate, costs)
      expect(ahead).toBeLessThanOrEqual(5_000 + slack(rate))
      expect(ahead).toBeGreaterThanOrEqual(-slack(rate))
    }),
    { numRuns: 30 },
  )
})

it('lets traffic go on while a large transaction is paid back', () => {
  const pace = steadyPace(1_000, 0)
  pace.spend(5_000, 0)
  expect(pace.waitMs(0)).toBeLessThan(500)
})
