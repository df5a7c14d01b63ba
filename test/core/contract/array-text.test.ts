import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseArrayText } from '../../../core/contract/value/array-text.ts'
import { anyText } from '../../support/arbitraries.ts'
import { runs } from '../../support/budget.ts'

/*
 * PostgreSQL's array_out: elements are quoted when they are empty, look like NULL, or hold a brace, a
 * delimiter, a quote, a backslash or white space; inside quotes, quotes and backslashes are escaped.
 */
function arrayText(elements: readonly (string | null)[], quoteAll = false): string {
  const texts = elements.map((element) => {
    if (element === null) return 'NULL'
    const isPlain = element !== '' && !/^null$/i.test(element) && !/[{},"\\\s]/.test(element)
    return isPlain && !quoteAll ? element : `"${element.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${texts.join(',')}}`
}

const anyElement = fc.oneof(
  anyText,
  fc.constantFrom(null, '', 'NULL', 'null', '{}', '{a,b}', '"', '\\', 'a,b', ' a ', '\\x00ff', '\\"', 'a\nb'),
)

test('G5: the elements of an array are what PostgreSQL printed', () => {
  fc.assert(
    fc.property(fc.array(anyElement, { maxLength: 8 }), fc.boolean(), (elements, quoteAll) => {
      expect(parseArrayText(arrayText(elements, quoteAll))).toEqual(elements)
    }),
    { numRuns: runs(2000) },
  )
})

test.each([
  ['{}', []],
  ['{NULL,null,"NULL"}', [null, null, 'NULL']],
  ['{""}', ['']],
  ['{1,2.50,-3}', ['1', '2.50', '-3']],
  [String.raw`{"\\x00ff","a\"b"}`, ['\\x00ff', 'a"b']],
  ['{t,f}', ['t', 'f']],
  ['{"2026-03-02 08:15:31+00"}', ['2026-03-02 08:15:31+00']],
])('%s is read', (text, elements) => {
  expect(parseArrayText(text)).toEqual(elements)
})

test.each([
  ['two dimensions', '{{a,b},{c,d}}'],
  ['an empty second dimension', '{{}}'],
  ['a lower bound of its own', '[0:1]={a,b}'],
  ['an open quote', '{"a}'],
  ['an open quote after an escape', String.raw`{"a\"}`],
  ['an element that is missing', '{a,}'],
  ['two elements that are missing', '{,}'],
  ['text after a quoted element', '{"a"b}'],
  ['a quote inside a bare element', '{a"b"}'],
  ['a backslash outside quotes', String.raw`{a\,b}`],
  ['a brace too many', '{a}}'],
  ['a row', '(a,b)'],
  ['JSON', '["a"]'],
  ['an open array', '{a'],
  ['a brace alone', '{'],
  ['nothing', ''],
])('%s is no one-dimensional array: %s', (_, text) => {
  expect(parseArrayText(text)).toBeUndefined()
})

test('whatever the text, it is read back as itself or refused', () => {
  const anyBrokenText = fc.string({
    unit: fc.constantFrom('{', '}', ',', '"', '\\', 'a', 'NULL', ' '),
    maxLength: 12,
  })
  fc.assert(
    fc.property(anyBrokenText, (text) => {
      const elements = parseArrayText(text)
      if (elements !== undefined) expect(parseArrayText(arrayText(elements))).toEqual(elements)
    }),
    { numRuns: runs(2000) },
  )
})
