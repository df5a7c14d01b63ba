import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  defaultTreatment,
  isHashable,
  maskedType,
  masker,
  type PiiClass,
  piiClasses,
} from '../../../core/contract/masking/pii.ts'
import { anySourceText } from '../../support/arbitraries.ts'
import { runs } from '../../support/budget.ts'

const key = new Uint8Array(32).fill(7)
const otherKey = new Uint8Array(32).fill(8)

const textClasses = piiClasses.filter((pii) => pii !== 'birth-date')
const anyPerson = fc.oneof(
  anySourceText,
  fc.string({ unit: fc.constantFrom('a', '@', '.', '0', ' ', '😀'), maxLength: 14 }),
  fc.emailAddress(),
  fc.stringMatching(/^\+?\d{1,14}$/),
  fc.stringMatching(/^[A-Z]{2}\d{2}[A-Z0-9]{0,20}$/),
)

describe.each(textClasses)('a masked %s', (pii) => {
  const mask = masker(pii, 'mask', key)

  test('G7: never holds the clear value, however short', () => {
    fc.assert(
      fc.property(anyPerson, (text) => {
        /* Stars are the mask's own. */
        fc.pre(text !== '' && !text.includes('*'))
        expect(mask(text)).not.toContain(text)
      }),
      { numRuns: runs(400) },
    )
  })

  test('G1: is text that the lake can hold, whatever characters were cut', () => {
    fc.assert(
      fc.property(anyPerson, (text) => {
        expect(String(mask(text)).isWellFormed()).toBe(true)
      }),
      { numRuns: runs(400) },
    )
  })

  test('shows null as null', () => {
    expect(mask(null)).toBeNull()
  })
})

test.each<[PiiClass, string, string]>([
  ['name', 'Ada', 'A***'],
  ['name', 'Å', '***'],
  ['name', '李', '***'],
  ['name', '李娜', '李***'],
  ['name', '😀x', '😀***'],
  ['name', '', '***'],
  ['email', 'ada@lovelace.example', '***@lovelace.example'],
  ['email', '"a@b"@lovelace.example', '***'],
  ['email', '@lovelace', '***'],
  ['email', 'call 0612345678 @ noon', '***'],
  ['email', 'ada', '***'],
  ['phone', '+33612345678', '***78'],
  ['phone', '12345', '***'],
  ['phone', '1234😀', '***'],
  ['phone', '12345678😀', '***8😀'],
  ['address', '12 rue X', '***'],
  ['iban', 'FR7630006000011234567890189', 'FR***0189'],
  ['iban', 'FR', '***'],
  ['iban', 'FR76', 'FR***'],
  ['nir', '2840578006084', '***'],
  ['free-text', 'anything', '***'],
  ['birth-date', '1984-05-17', '1984-01-01'],
])('a %s %j is masked as %s', (pii, text, masked) => {
  expect(masker(pii, 'mask', key)(text)).toBe(masked)
})

describe('hashes', () => {
  test('G7: depend on the key, and do not hold the value', () => {
    fc.assert(
      fc.property(fc.constantFrom(...piiClasses), anyPerson, (pii, text) => {
        const hash = masker(pii, 'hash', key)(text)
        expect(hash).toMatch(/^[0-9a-f]{64}$/)
        expect(masker(pii, 'hash', otherKey)(text)).not.toBe(hash)
      }),
      { numRuns: runs(200) },
    )
  })

  test('equal values have equal hashes whatever the class, and unequal ones do not', () => {
    const one = masker('email', 'hash', key)
    const other = masker('nir', 'hash', key)
    expect(one('ada@lovelace.example')).toBe(other('ada@lovelace.example'))
    expect(one('ada@lovelace.example')).not.toBe(one('Ada@lovelace.example'))
    expect(one('')).not.toBe(one(' '))
  })

  test('are HMAC-SHA256, so that another program can make them', () => {
    /* As openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…07 makes it. */
    expect(masker('email', 'hash', key)('ada')).toBe(
      'cf2f093f9c4c3f3969cc06a6934eecd490c3b8da3b0ac8b452de4b574a9e49e9',
    )
  })

  test.each([0, 31])('G7: a key of %i bytes is refused', (length) => {
    expect(() => masker('email', 'hash', new Uint8Array(length))).toThrow(RangeError)
  })

  test('null stays null, so that absence stays visible', () => {
    expect(masker('email', 'hash', key)(null)).toBeNull()
  })
})

test('a clear value goes through as it is, a dropped one not at all', () => {
  expect(masker('name', 'clear', key)('Ada')).toBe('Ada')
  expect(masker('name', 'drop', key)('Ada')).toBeNull()
})

test('no class of personal data is clear unless a contract says so', () => {
  expect(Object.keys(defaultTreatment).sort()).toEqual([...piiClasses].sort())
  expect(Object.values(defaultTreatment)).not.toContain('clear')
})

test('a hash or a mask is text in the lake, and a masked birth date stays a date', () => {
  expect(maskedType({ kind: 'bigint' }, 'phone', 'hash')).toEqual({ kind: 'string' })
  expect(maskedType({ kind: 'string', max: 5 }, 'name', 'mask')).toEqual({ kind: 'string' })
  expect(maskedType({ kind: 'date' }, 'birth-date', 'mask')).toEqual({ kind: 'date' })
  expect(maskedType({ kind: 'date' }, 'birth-date', 'hash')).toEqual({ kind: 'string' })
  expect(maskedType({ kind: 'bigint' }, undefined, 'clear')).toEqual({ kind: 'bigint' })
})

test('types that have several texts for one value cannot be hashed', () => {
  expect(isHashable({ kind: 'double' })).toBe(false)
  expect(isHashable({ kind: 'list', of: { kind: 'string' } })).toBe(false)
  expect(isHashable({ kind: 'string' })).toBe(true)
})
