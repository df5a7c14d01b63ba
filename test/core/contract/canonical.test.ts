import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decoderOf } from '../../../core/contract/value/canonical.ts'
import { Refusal } from '../../../core/contract/value/refusal.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { parseJson } from '../../../core/json.ts'
import { anySourceText } from '../../support/arbitraries.ts'
import { runs } from '../../support/budget.ts'
import { accepted, refused } from './canonical-cases.ts'

/* As a value arrives: JSON text of the source. A refusal shows as its sentence. */
function decode(type: ColumnType, json: string): unknown {
  const value = decoderOf(type)(parseJson(json))
  return value instanceof Refusal ? `${value.path} ${value.reason}`.trim() : value
}

describe.each(accepted)('$kind', (type, cases) => {
  test.each(cases)('G5: %s is %j', (json, canonical) => {
    expect(decode(type, json)).toStrictEqual(canonical)
  })
})

describe.each(refused)('$kind', (type, sentence, values) => {
  test.each(values)(`G6: %s is refused: ${sentence}`, (json) => {
    expect(decode(type, json)).toBe(sentence)
  })
})

test('G6: every double comes back as itself, in the digits JavaScript prints and in 17', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
      const canonical = Object.is(double, -0) ? '-0' : double
      const digits = Object.is(double, -0) ? '-0' : String(double)
      expect(decode({ kind: 'double' }, digits)).toBe(canonical)
      if (double !== 0) expect(decode({ kind: 'double' }, double.toPrecision(17))).toBe(canonical)
    }),
    { numRuns: runs(2000) },
  )
})

test('G6: every power of two is held, though its shortest decimal may not be the nearest one', () => {
  for (let exponent = -1074; exponent < 1024; exponent += 1)
    expect(decode({ kind: 'double' }, String(2 ** exponent))).toBe(2 ** exponent)
})

test('G5: a real halfway between two decimals of 9 digits is held by both', () => {
  for (const digits of ['1048576.12', '1048576.13'])
    expect(decode({ kind: 'real' }, digits)).toBe(1_048_576.125)
  expect(decode({ kind: 'real' }, '1048576.14')).toBe('must be a number that a real holds exactly')
})

test('G5: every real comes back as itself from the 9 digits of DMS', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (float) => {
      if (float !== 0) expect(decode({ kind: 'real' }, float.toPrecision(9))).toBe(float)
    }),
    { numRuns: runs(1000) },
  )
})

test('G6: text of any length comes back as it is, and no digit of a number in it is lost', () => {
  fc.assert(
    fc.property(anySourceText, fc.stringMatching(/^-?[1-9]\d{0,40}\.\d{1,20}$/), (text, number) => {
      expect(decode({ kind: 'string' }, JSON.stringify(text))).toBe(text)
      expect(decode({ kind: 'string' }, number)).toBe(number)
    }),
    { numRuns: runs(300) },
  )
})

test('G6: 64-bit integers come back digit for digit, as number or text, and nothing beyond them does', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }), (integer) => {
      const fits = integer >= -(2n ** 63n) && integer < 2n ** 63n
      for (const json of [String(integer), `"${integer}"`])
        expect(decode({ kind: 'bigint' }, json)).toBe(fits ? String(integer) : 'must be a 64-bit integer')
    }),
    { numRuns: runs(500) },
  )
})
