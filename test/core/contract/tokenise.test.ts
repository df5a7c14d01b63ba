import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { masker } from '../../../core/contract/masking/pii.ts'
import { detokenise, tokeniser } from '../../../core/contract/masking/tokenise.ts'
import { anySourceText } from '../../support/arbitraries.ts'
import { runs } from '../../support/budget.ts'

const key = new Uint8Array(32).fill(7)
const otherKey = new Uint8Array(32).fill(8)
const tokenise = tokeniser(key)

test('a token gives its text back to who has the key', () => {
  fc.assert(
    fc.property(anySourceText, (text) => {
      expect(detokenise(tokenise(text), key)).toBe(text)
    }),
    { numRuns: runs(300) },
  )
})

test('equal texts have equal tokens, other texts and other keys others', () => {
  fc.assert(
    fc.property(anySourceText, anySourceText, (left, right) => {
      expect(tokeniser(key)(left)).toBe(tokenise(left))
      expect(tokenise(left) === tokenise(right)).toBe(left === right)
      expect(tokeniser(otherKey)(left)).not.toBe(tokenise(left))
    }),
    { numRuns: runs(200) },
  )
})

test('the token of a text stays what it is: it is in lakes', () => {
  expect(tokenise('ada@lovelace.example')).toMatchInlineSnapshot(
    `"tok_J4Sv8XEaZbeA6cT6YLB7F-Qxq-uqWD4Pq82EcGk43VYvYA9cr92-kqxK_ZLkAeEu"`,
  )
})

test('G7: a token shows neither the text nor its hash', () => {
  const token = tokenise('ada@lovelace.example')
  const bytes = Buffer.from(token.slice(4), 'base64url').toString('latin1')
  expect(bytes).not.toContain('lovelace')
  const hash = createHmac('sha256', key).update('ada@lovelace.example').digest().toString('latin1')
  expect(bytes).not.toContain(hash.slice(0, 8))
})

test('G7: an altered token, one of another key and other text are refused without being repeated', () => {
  const token = tokenise('ada@lovelace.example')
  const altered = token.slice(0, 30) + (token[30] === 'A' ? 'B' : 'A') + token.slice(31)
  const foreign = tokeniser(otherKey)('ada@lovelace.example')
  for (const bad of [altered, foreign])
    expect(() => detokenise(bad, key)).toThrow(
      new RangeError('the token was altered, or made with another key'),
    )
  for (const bad of ['', 'ada@lovelace.example', 'tok_', `${token}!`, token.slice(0, 30)])
    expect(() => detokenise(bad, key)).toThrow(new RangeError('not a token'))
})

test('as a treatment it takes the canonical value of any hashable type, and leaves null null', () => {
  const mask = masker('nir', 'tokenise', key)
  expect(mask(null)).toBeNull()
  expect(detokenise(String(mask(42)), key)).toBe('42')
  expect(detokenise(String(mask('')), key)).toBe('')
  expect(() => masker('nir', 'tokenise', new Uint8Array(31))).toThrow(RangeError)
})
