import { expect, test } from 'vitest'
import { type FailureCode, PipelineError } from '../../../core/failures/failures.ts'
import { pauseAfter, SourceLink } from '../../../local/pipeline/source-link.ts'

const error = (code: FailureCode) => new PipelineError(code, 'why')

test('a source that is away is waited for without end, at most a minute at a time', () => {
  const pauses = [0, 1, 2, 5, 6, 7, 8, 1_000_000].map((failures) =>
    pauseAfter(error('source/unreachable'), failures),
  )
  expect(pauses).toEqual([500, 1_000, 2_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  expect(pauseAfter(error('source/connections-exhausted'), 50)).toBe(60_000)
})

test.each([
  'source/query-failed',
  'source/protocol',
  'source/timeout',
  'source/slot-in-use',
  'source/slots-exhausted',
] as const)('%s is tried five times more', (code) => {
  const pauses = [0, 1, 2, 3, 4, 5].map((failures) => pauseAfter(error(code), failures))
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, undefined])
})

test.each([
  error('source/authentication'),
  error('source/slot-lost'),
  error('source/rewound'),
  error('source/publication'),
  error('source/pooler'),
  new Error('a fault of ours'),
])('$code ends the run at once', (failure) => {
  expect(pauseAfter(failure, 0)).toBeUndefined()
})

test('the link says since when the source is away, and how often it was lost', () => {
  let now = 1_000
  const link = new SourceLink(() => now)
  expect(link.current()).toMatchObject({ state: 'starting', heardAt: null, lost: 0 })
  link.reading()
  now = 5_000
  link.heard(4_000)
  link.lost(error('source/unreachable'), 500)
  now = 6_000
  link.lost(error('source/unreachable'), 1_000)
  expect(link.current()).toEqual({
    state: 'waiting',
    since: 5_000,
    heardAt: 4_000,
    lost: 1,
    retryAt: 7_000,
    standbySince: null,
    failure: { code: 'source/unreachable', message: 'why' },
  })
  now = 7_000
  link.reading()
  expect(link.current()).toMatchObject({
    state: 'reading',
    since: 7_000,
    heardAt: 7_000,
    failure: null,
    lost: 1,
  })
})

test('a wait for a standby is news once, and over when the server stops saying so', () => {
  let now = 1_000
  const link = new SourceLink(() => now)
  link.reading()
  expect([link.standbyWaits(), link.standbyWaits()]).toEqual([true, false])
  now = 20_000
  link.standbyWaits()
  now = 45_000
  expect(link.current().standbySince).toBe(1_000)
  now = 51_000
  expect(link.current().standbySince).toBeNull()
  expect(link.standbyWaits()).toBe(true)
})
