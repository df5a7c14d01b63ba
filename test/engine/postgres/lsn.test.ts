import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tableMatcher } from '../../../engine/postgres/catalog/table-pattern.ts'
import { formatDmsLsn, formatLsn, parseLsn } from '../../../engine/postgres/connection/lsn.ts'
import { quoteIdentifier, quoteLiteral } from '../../../engine/postgres/connection/quote-identifier.ts'
import { startSequence } from '../../../engine/postgres/records/record-sequence.ts'

const lsn = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })

describe('a log position', () => {
  test('reads back from both of its forms', () => {
    fc.assert(
      fc.property(lsn, (position) => {
        expect(parseLsn(formatLsn(position))).toBe(position)
        expect(parseLsn(formatDmsLsn(position))).toBe(position)
      }),
    )
  })

  test('in the form of DMS sorts as it counts', () => {
    fc.assert(
      fc.property(lsn, lsn, (a, b) => {
        expect(formatDmsLsn(a) < formatDmsLsn(b)).toBe(a < b)
      }),
    )
    expect([formatLsn(0x16_b374_d848n), formatDmsLsn(0x2_7c00_7328n)]).toEqual([
      '16/B374D848',
      '00000002/7C007328',
    ])
  })

  test.each(['', '1', '/1', '1/', '1/2/3', 'g/1', '123456789/0', ' 1/2'])('is not %j', (text) => {
    expect(() => parseLsn(text)).toThrow(expect.objectContaining({ code: 'source/protocol' }))
  })
})

describe('names in SQL', () => {
  test('are quoted, and refused when no object can have them', () => {
    expect(quoteIdentifier('a"b; drop')).toBe('"a""b; drop"')
    expect(quoteLiteral(`it's`)).toBe(`'it''s'`)
    expect(quoteLiteral('a\\b')).toBe(` E'a\\\\b'`)
    for (const name of ['', 'a\0b', 'é'.repeat(32)])
      expect(() => quoteIdentifier(name)).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
  })
})

describe('table patterns', () => {
  test.each([
    ['public.people', ['*.*'], true],
    ['public.people', ['public.*'], true],
    ['public.people', ['publi?.people'], false],
    ['public.people', ['people'], false],
    ['public.people', ['hr.*', '*.peo*'], true],
    ['public.people', ['*.*', '!public.people'], false],
    ['public.people', ['!hr.*'], true],
    ['a.b.c', ['a.b.c'], true],
    ['axb', ['a.b'], false],
  ] as const)('%s under %j: %s', (table, patterns, expected) => {
    const [schema = '', ...name] = table.split('.')
    expect(tableMatcher(patterns)({ schema, name: name.join('.') })).toBe(expected)
  })
})

describe('sequence numbers', () => {
  test('increase as text, within a run and over runs', () => {
    const first = startSequence(1_700_000_000_000)
    const second = startSequence(1_700_000_000_001)
    const numbers = [...Array.from({ length: 1_200 }, first), ...Array.from({ length: 10 }, second)]
    expect(numbers).toEqual([...new Set(numbers)].sort())
    expect(numbers[0]).toMatch(/^\d{21,}$/)
  })
})
