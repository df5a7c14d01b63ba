import { expect, test } from 'vitest'
import { listPrices } from '../../cost/list-prices.ts'
import {
  ageInDays,
  dollars,
  priceIds,
  priceOverrides,
  STALE_DAYS,
  withOverrides,
} from '../../cost/price-sheet.ts'

test.each([...listPrices])(
  'the sheet of %s has a dated price of everything, and where AWS states it',
  (region, sheet) => {
    expect(sheet.region).toBe(region)
    for (const id of priceIds) {
      const { usd, per, unit, source, seen, date } = sheet.prices[id]
      expect([id, usd > 0, per > 0, unit.length > 0]).toEqual([id, true, true, true])
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z0-9/-]+\/pricing\/$/)
      expect(date).toMatch(/^\d{4}-\d{2}-\d{2}$/)
      expect(date >= sheet.date).toBe(true)
      expect(seen === null || /^(https:\/\/|Price List API, SKU [A-Z0-9]{16})/.test(seen)).toBe(true)
    }
  },
)

test('own prices stand over those of the list, and are as old as they say', () => {
  const sheet = listPrices.get('eu-west-1')
  if (sheet === undefined) throw new Error('no prices')
  const given = { date: '2020-01-01', region: 'eu-west-3', usd: { 'dynamodb.write': 0.5 } }
  const own = withOverrides(sheet, priceOverrides.parse(given))
  expect(own).toMatchObject({ region: 'eu-west-3', date: '2020-01-01' })
  expect(own.prices['dynamodb.write']).toMatchObject({
    usd: 0.5,
    per: 1e6,
    source: '--prices',
    seen: '--prices',
  })
  expect(dollars(own, 'dynamodb.write', 4e6)).toBe(2)
  expect(own.prices['dynamodb.read']).toEqual(sheet.prices['dynamodb.read'])
  expect(sheet.prices['dynamodb.write'].usd).not.toBe(0.5)
  expect(ageInDays(own, Date.parse('2020-07-01T12:00:00Z'))).toBe(182)
  expect(ageInDays(own, Date.parse('2020-07-01T12:00:00Z'))).toBeGreaterThan(STALE_DAYS)
})

test.each([
  { usd: {} },
  { date: '1/1/2027', usd: {} },
  { date: '2027-01-01', usd: { 's3.put': -1 } },
  { date: '2027-01-01' },
])('what is no file of prices is refused: %j', (given) => {
  expect(priceOverrides.safeParse(given).success).toBe(false)
})
