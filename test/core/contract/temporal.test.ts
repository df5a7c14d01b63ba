import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  normalTime,
  parseDate,
  parseTimestamp,
  toMicrosText,
  toMillis,
} from '../../../core/contract/value/temporal.ts'
import { runs } from '../../support/budget.ts'

const FIRST = Date.parse('0001-01-01T00:00:00.000Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')
const DAY = 86_400_000

/* JavaScript's Date is the oracle: another implementation, exact to the millisecond in these years. */
const anyMillis = fc.oneof(
  fc.integer({ min: FIRST, max: LAST }),
  fc.constantFrom(FIRST, LAST, -1, 0, 999, -62_135_596_800_000),
)

function millisOf(text: string): number | undefined {
  const instant = parseTimestamp(text)
  return instant === undefined ? undefined : toMillis(instant)
}

function microsOf(text: string): string | undefined {
  const instant = parseTimestamp(text)
  return instant === undefined ? undefined : toMicrosText(instant)
}

test('every instant of the years 1 to 9999 has the milliseconds that Date gives it', () => {
  fc.assert(
    fc.property(anyMillis, (millis) => {
      const text = new Date(millis).toISOString()
      expect(millisOf(text)).toBe(millis)
      expect(millisOf(text.replace('T', ' ').replace('Z', '+00'))).toBe(millis)
    }),
    { numRuns: runs(2000) },
  )
})

test('an offset is taken off, as Date does', () => {
  const twoDigits = (max: number) =>
    fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'))
  fc.assert(
    fc.property(anyMillis, fc.constantFrom('+', '-'), twoDigits(23), twoDigits(59), (millis, sign, h, m) => {
      const local = `${new Date(millis).toISOString().slice(0, -1)}${sign}${h}:${m}`
      const expected = Date.parse(local)
      const isInside = expected >= FIRST && expected <= LAST
      expect(millisOf(local)).toBe(isInside ? expected : undefined)
      expect(millisOf(local.replace(/:(\d\d)$/, '$1'))).toBe(isInside ? expected : undefined)
    }),
    { numRuns: runs(1000) },
  )
})

test('G6: microseconds are exact in every year, and milliseconds cut them towards the past', () => {
  fc.assert(
    fc.property(anyMillis, fc.nat(999), (millis, micros) => {
      const text = new Date(millis).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)
      expect(microsOf(text)).toBe(String(BigInt(millis) * 1000n + BigInt(micros)))
      expect(millisOf(text)).toBe(millis)
    }),
    { numRuns: runs(1000) },
  )
})

test('G4: later instants have greater microseconds', () => {
  fc.assert(
    fc.property(anyMillis, anyMillis, (left, right) => {
      const [a, b] = [left, right].map((millis) => BigInt(microsOf(new Date(millis).toISOString()) ?? 'none'))
      expect((a ?? 0n) < (b ?? 0n)).toBe(left < right)
    }),
    { numRuns: runs(500) },
  )
})

test.each([
  ['2026-03-02T08:15:31Z', '1772439331000000'],
  ['2026-03-02T08:15:31.1Z', '1772439331100000'],
  ['2026-03-02T08:15:31.000001Z', '1772439331000001'],
  ['1969-12-31T23:59:59.999999Z', '-1'],
  ['0001-01-01T00:00:00Z', '-62135596800000000'],
  ['9999-12-31T23:59:59.999999Z', '253402300799999999'],
  ['2026-03-02 08:15:31+05:30', '1772419531000000'],
  ['2026-03-02 08:15:31-0330', '1772451931000000'],
  ['1890-01-01T00:00:00+00:09:21', '-2524522161000000'],
])('%s is %s microseconds', (text, micros) => {
  expect(microsOf(text)).toBe(micros)
})

test.each([
  ['no offset', '2026-03-02T08:15:31'],
  ['no seconds', '2026-03-02T08:15Z'],
  ['seven decimals', '2026-03-02T08:15:31.1234567Z'],
  ['no decimals after the point', '2026-03-02T08:15:31.Z'],
  ['hour 24', '2026-03-02T24:00:00Z'],
  ['minute 60', '2026-03-02T08:60:00Z'],
  ['a leap second', '2016-12-31T23:59:60Z'],
  ['30 February', '2026-02-30T00:00:00Z'],
  ['month 13', '2026-13-01T00:00:00Z'],
  ['month 0', '2026-00-01T00:00:00Z'],
  ['day 0', '2026-01-00T00:00:00Z'],
  ['year 0', '0000-01-01T00:00:00Z'],
  ['five-digit years', '10000-01-01T00:00:00Z'],
  ['years before Christ', '4713-01-01T00:00:00Z BC'],
  ['infinity', 'infinity'],
  ['an offset that leads before year 1', '0001-01-01T00:00:00+00:01'],
  ['an offset that leads after year 9999', '9999-12-31T23:59:59-00:01'],
  ['an offset of 24 hours', '2026-03-02T08:15:31+24:00'],
  ['an offset of 60 minutes', '2026-03-02T08:15:31+01:60'],
  ['lower case', '2026-03-02t08:15:31z'],
  ['a line end', '2026-03-02T08:15:31Z\n'],
  ['other digits', '２０２６-03-02T08:15:31Z'],
])('%s is no instant: %j', (_, text) => {
  expect(parseTimestamp(text)).toBeUndefined()
})

describe('days', () => {
  test('every day of the calendar counts one more than the day before', () => {
    for (const year of [1, 4, 100, 400, 1582, 1899, 1900, 1969, 1970, 2000, 2024, 2100, 9999]) {
      const start = new Date(0).setUTCFullYear(year, 0, 1)
      const next = year === 9999 ? LAST + 1 : new Date(0).setUTCFullYear(year + 1, 0, 1)
      for (let at = start; at < next; at += DAY)
        expect(parseDate(new Date(at).toISOString().slice(0, 10))).toBe(at / DAY)
    }
  })

  test('there is a day exactly where Date comes back to it', () => {
    const part = (max: number, width: number) =>
      fc.nat(max).map((number) => String(number).padStart(width, '0'))
    fc.assert(
      fc.property(part(9999, 4), part(13, 2), part(32, 2), (year, month, day) => {
        const text = `${year}-${month}-${day}`
        const date = new Date(`${text}T00:00:00Z`)
        const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && year !== '0000'
        expect(parseDate(text)).toBe(exists ? date.getTime() / DAY : undefined)
      }),
      { numRuns: runs(2000) },
    )
  })

  test.each([
    '2026-3-2',
    '2026-03-02 ',
    '2026/03/02',
    '-0001-01-01',
    '12026-01-01',
    '0044-03-15 BC',
    '1900-02-29',
  ])('%j is none', (text) => {
    expect(parseDate(text)).toBeUndefined()
  })
})

describe('times of day', () => {
  test.each([
    ['00:00:00', '00:00:00'],
    ['23:59:59.999999', '23:59:59.999999'],
    ['08:15:00.500000', '08:15:00.5'],
    ['08:15:00.000000', '08:15:00'],
    ['24:00:00', '24:00:00'],
    ['24:00:00.000000', '24:00:00'],
  ])('%s is %s', (text, normal) => {
    expect(normalTime(text)).toBe(normal)
  })

  test.each([
    '24:00:01',
    '24:00:00.000001',
    '25:00:00',
    '08:60:00',
    '08:15:60',
    '8:15:00',
    '08:15',
    '08:15:00Z',
    '08:15:00+02',
    '08:15:00.',
    '08:15:00.1234567',
  ])('%s is none', (text) => {
    expect(normalTime(text)).toBeUndefined()
  })
})
