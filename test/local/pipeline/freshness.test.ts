import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FreshnessHistogram } from '../../../local/pipeline/freshness.ts'
import { runs } from '../../support/budget.ts'

test('quantiles of latencies are right to five percent and a millisecond', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 86_400_000 }), { minLength: 1, maxLength: 200 }),
      (latencies) => {
        const histogram = new FreshnessHistogram()
        for (const latency of latencies) histogram.add(latency)
        const sorted = latencies.toSorted((a, b) => a - b)
        for (const [name, share] of [
          ['p50', 0.5],
          ['p99', 0.99],
        ] as const) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
          const found = histogram.quantiles()[name] ?? Number.NaN
          expect(found).toBeGreaterThanOrEqual(exact * 0.95 - 1)
          expect(found).toBeLessThanOrEqual(exact * 1.06 + 1)
        }
      },
    ),
    { numRuns: runs(200) },
  )
})

test('there is no quantile before the first change, and a clock behind the source counts as none', () => {
  const histogram = new FreshnessHistogram()
  expect(histogram.quantiles()).toEqual({ p50: null, p99: null })
  histogram.add(-5_000)
  expect(histogram.quantiles()).toEqual({ p50: 1, p99: 1 })
  histogram.add(Number.MAX_SAFE_INTEGER)
  expect(histogram.quantiles().p99).toBeGreaterThan(86_400_000)
})
