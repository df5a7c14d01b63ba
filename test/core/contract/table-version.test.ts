import fc from 'fast-check'
import { expect, test } from 'vitest'
import { domainsOf, splitLakeName, versionedName } from '../../../core/contract/language/lake-table-name.ts'
import {
  printTableVersion,
  readTableVersion,
  readTableVersionKey,
  tableVersionKey,
} from '../../../core/contract/language/table-version.ts'
import { runs } from '../../support/budget.ts'

/* Names with what a version begins with in them. */
const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,3}(_?v[0-9]{1,2})?$/)
const anyVersion = fc.record({
  name: fc.tuple(word, word).map(([domain, table]) => `${domain}.${table}`),
  version: fc.nat({ max: 1e6 }),
})

test('the texts of a table version are read back as it', () => {
  fc.assert(
    fc.property(anyVersion, (one) => {
      expect(readTableVersion(printTableVersion(one))).toEqual(one)
      expect(readTableVersionKey(tableVersionKey(one))).toEqual(one)
      const { domain, table } = splitLakeName(one.name)
      expect(`${domain}.${table}`).toBe(one.name)
    }),
    { numRuns: runs(200) },
  )
})

test.each(['', 'w.shifts', 'w.shifts v', 'w.shifts v1 ', 'public.shift x v1', 'w.shifts.v1'])(
  '%j names no table version',
  (text) => {
    expect(readTableVersion(text)).toBeUndefined()
  },
)

test('its parts and its texts are these', () => {
  const one = { name: 'workforce.shifts', version: 2 }
  expect([printTableVersion(one), tableVersionKey(one)]).toEqual([
    'workforce.shifts v2',
    'workforce.shifts.v2',
  ])
  expect(versionedName(one)).toEqual({ domain: 'workforce', table: 'shifts_v2' })
  expect(domainsOf([one, { name: 'hr.people' }, { name: 'hr.shifts' }])).toEqual(['hr', 'workforce'])
})
