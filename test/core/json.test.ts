import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  field,
  isJsonObject,
  JsonNumber,
  type JsonValue,
  parseJson,
  parseJsonObject,
  stringifyJson,
} from '../../core/json.ts'
import { anyJsonTexts, anyText } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'

/* What JSON.parse makes of the same text: every number a double. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text)
  if (Array.isArray(value)) return value.map(plain)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

function failure(text: string): unknown {
  try {
    parseJson(text)
    return undefined
  } catch (error) {
    return error
  }
}

function acceptedByPlatform(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('G6: what is parsed is written back digit for digit', () => {
  fc.assert(
    fc.property(anyJsonTexts, ({ compact, spaced }) => {
      expect(stringifyJson(parseJson(compact))).toBe(compact)
      expect(stringifyJson(parseJson(spaced))).toBe(compact)
    }),
    { numRuns: runs(1000) },
  )
})

test('doubles aside, the values are those of JSON.parse', () => {
  fc.assert(
    fc.property(anyJsonTexts, ({ spaced }) => {
      /* Compared as text: an own member `__proto__` escapes an ordinary comparison. */
      expect(JSON.stringify(plain(parseJson(spaced)))).toBe(JSON.stringify(JSON.parse(spaced)))
    }),
    { numRuns: runs(500) },
  )
})

test.each([
  ['0', 0],
  ['-7', -7],
  ['999999999999999', 999_999_999_999_999],
  ['-999999999999999', -999_999_999_999_999],
])('%s, an integer of at most 15 digits, is a number', (text, number) => {
  expect(parseJson(text)).toBe(number)
})

test.each(['1000000000000000', '9007199254740993', '1.0', '1e2', '-0', '0.1', '12345678901234567890.5'])(
  '%s keeps its text',
  (text) => {
    expect(parseJson(text)).toEqual(new JsonNumber(text))
  },
)

/* One edit that may break a document. */
const anyDamagedText = fc
  .tuple(
    anyJsonTexts,
    fc.nat(),
    fc.constantFrom('', '"', '\\', ',', ':', '}', '0', '.', '\n', '\\u12', 'e', '-'),
  )
  .map(([{ spaced }, at, edit]) => {
    const place = at % (spaced.length + 1)
    return spaced.slice(0, place) + edit + spaced.slice(place + (at % 2))
  })

test('exactly what JSON.parse accepts is accepted, and the rest is a SyntaxError', () => {
  fc.assert(
    fc.property(fc.oneof(anyDamagedText, anyText), (text) => {
      const error = failure(text)
      expect(error === undefined).toBe(acceptedByPlatform(text))
      if (error !== undefined) expect(error).toBeInstanceOf(SyntaxError)
    }),
    { numRuns: runs(3000) },
  )
})

test('G7: a message names the offset and no text', () => {
  const message =
    /^JSON: (?:unexpected character or end|bad escape in the string|nested deeper than 200) at offset \d+$/
  fc.assert(
    fc.property(anyDamagedText, (text) => {
      const error = failure(text)
      if (error instanceof Error) {
        expect(error.message).toMatch(message)
        expect(error.cause).toBeUndefined()
      }
    }),
    { numRuns: runs(1000) },
  )
  expect(String(failure('{"name":"Ada \\x"}'))).toBe(
    'SyntaxError: JSON: bad escape in the string at offset 8',
  )
})

test.each([
  ['01', 'a leading zero'],
  ['+1', 'a plus'],
  ['.5', 'no whole part'],
  ['5.', 'no fraction'],
  ['1e', 'no exponent'],
  ['-', 'no digits'],
  ['NaN', 'no number'],
  ['{"a":1,}', 'a comma too many'],
  ['[1,]', 'a comma too many'],
  ["{'a':1}", 'single quotes'],
  ['"a\u0001"', 'a control character'],
  ['\ufeff{}', 'a byte order mark'],
  ['\u00a01', 'another blank'],
  ['"\\ud83"', 'a short escape'],
  ['nul', 'half a word'],
  ['{} {}', 'two documents'],
  ['', 'nothing'],
])('%j is refused: %s', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})

describe('depth', () => {
  const nest = (open: string, close: string, depth: number) => `${open.repeat(depth)}0${close.repeat(depth)}`

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('200 levels of %s are read, 201 are not', (open, close) => {
    expect(stringifyJson(parseJson(nest(open, close, 200)))).toBe(nest(open, close, 200))
    expect(() => parseJson(nest(open, close, 201))).toThrow('nested deeper than 200')
  })

  test('G9: a hostile depth does not exhaust the stack', () => {
    expect(() => parseJson('['.repeat(2_000_000))).toThrow(SyntaxError)
  })

  test('brothers do not add up', () => {
    expect(parseJson(`[${'[],'.repeat(500)}[]]`)).toHaveLength(501)
  })
})

describe('names', () => {
  test('__proto__ is a member like any other and changes no prototype', () => {
    const object = parseJsonObject('{"__proto__":{"admin":true},"a":1}')
    expect(Object.keys(object)).toEqual(['__proto__', 'a'])
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect(field(object, 'admin')).toBeUndefined()
    expect(field(object, '__proto__')).toEqual({ admin: true })
  })

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    '%s is missing unless the source sent it',
    (name) => {
      expect(field(parseJsonObject('{}'), name)).toBeUndefined()
      expect(field(parseJsonObject(`{"${name}":"x"}`), name)).toBe('x')
    },
  )

  test('of two members of one name the last counts, as in JSON.parse', () => {
    expect(parseJson('{"a":1,"a":{"b":2},"a":3}')).toEqual({ a: 3 })
  })
})

test('escapes are read as the platform reads them, lone surrogates too', () => {
  const text = String.raw`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud83d x \u0000"`
  expect(parseJson(text)).toBe(JSON.parse(text))
  expect(stringifyJson('\ud83d')).toBe(String.raw`"\ud83d"`)
})

test.each(['[]', '1', '1.5', 'null', '"{}"', 'true'])('%s is no object', (text) => {
  expect(() => parseJsonObject(text)).toThrow('JSON: not an object')
})
