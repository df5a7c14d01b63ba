import { expect, test } from 'vitest'
import { plural } from '../../core/amount-text.ts'

test.each([
  [0, 'table', undefined, '0 tables'],
  [1, 'table', undefined, '1 table'],
  [2_000, 'table', undefined, '2,000 tables'],
  [1, 'key differs', 'keys differ', '1 key differs'],
  [2, 'key differs', 'keys differ', '2 keys differ'],
])('%i of %s are counted with the noun that the number asks for', (count, noun, many, text) => {
  expect(plural(count, noun, many)).toBe(text)
})
