import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ArrayReader } from '../../core/bytes/array-reader.ts'
import { parseJson } from '../../core/json.ts'
import { anyJsonTexts } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'

const reader = new ArrayReader()

/** The values of an array, each as the careful parser reads it; undefined when it was refused. */
function read(text: string): readonly unknown[] | undefined {
  const bytes = Buffer.from(text)
  if (reader.read(bytes, 0) !== bytes.length) return undefined
  return Array.from({ length: reader.count }, (_, index) => parseJson(reader.json(index, bytes)))
}

test('an array is read value by value as the careful parser reads it, whatever lies in it', () => {
  fc.assert(
    fc.property(fc.array(anyJsonTexts, { maxLength: 90 }), (values) => {
      const text = `[${values.map(({ compact }) => compact.toWellFormed()).join(',')}]`
      expect(read(text)).toEqual(parseJson(text))
    }),
    { numRuns: runs(200) },
  )
})

test('nothing is found in what is no array, or was cut, or has other bytes', () => {
  const anyOther = fc.constantFrom('', '"', '\\', '[', ']', '{', '}', ',', ':', '1', '\n', '\u0001')
  fc.assert(
    fc.property(fc.array(anyJsonTexts, { maxLength: 4 }), fc.nat(), anyOther, (values, at, instead) => {
      const whole = `[${values.map(({ compact }) => compact.toWellFormed()).join(',')}]`
      const place = at % (whole.length + 1)
      const text = `${whole.slice(0, place)}${instead}${whole.slice(place + 1)}`.toWellFormed()
      let found: readonly unknown[] | undefined
      try {
        found = read(text)
      } catch (error) {
        /* What is wrong inside of a nested value is met by who parses it. */
        expect(error).toBeInstanceOf(SyntaxError)
        return
      }
      if (found !== undefined) expect(found).toEqual(parseJson(text))
    }),
    { numRuns: runs(500) },
  )
})

test.each([
  ['a blank', '[1, 2]'],
  ['no end', '[1,2'],
  ['a comma at its end', '[1,]'],
  ['an object', '{"a":1}'],
])('an array with %s is refused', (_what, text) => {
  expect(read(text)).toBeUndefined()
})
