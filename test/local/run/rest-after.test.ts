import { expect, test } from 'vitest'
import { restAfter } from '../../../local/run/status/rest-after.ts'

const pace = { everyMs: 1_000, share: 0.02, mostMs: 10_000 }

test.each([
  ['what takes little comes as often as it should', 3, 1_000],
  ['what takes longer comes less often, for the same share of the time', 60, 3_000],
  ['and never too late', 5_000, 10_000],
])('%s', (_, took, rest) => {
  expect(restAfter(took, pace)).toBe(rest)
})

test('a period that was asked for is kept when it is the longer one', () => {
  expect(restAfter(5_000, { ...pace, everyMs: 60_000 })).toBe(60_000)
})
