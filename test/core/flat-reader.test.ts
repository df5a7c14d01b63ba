import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FlatReader, type FlatShape } from '../../core/bytes/flat-reader.ts'
import { valueKind } from '../../core/bytes/value-reader.ts'
import { isJsonObject, type JsonValue, memberCount, parseJson } from '../../core/json.ts'
import { anyImageText, anyJsonTexts, anyText } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'

function namesOf(shape: FlatShape): readonly string[] {
  const names: string[] = []
  for (let at: FlatShape | undefined = shape; at !== undefined && at.size > 0; at = at.parent)
    names.unshift(at.name)
  return names
}

/** What the reader found, as the careful parser reads it; undefined when it refused. */
function read(reader: FlatReader, text: string): readonly (readonly [string, JsonValue])[] | undefined {
  const bytes = Buffer.from(`..${text}..`)
  const end = reader.read(bytes, 2)
  /* An object with something behind it is the caller's to refuse. */
  if (end < 0 || end !== bytes.length - 2) return undefined
  return namesOf(reader.shape).map((name, index) => [name, parseJson(reader.json(index, bytes))])
}

describe('a flat object', () => {
  /* One reader for all texts: what it learned of one must not show in another. */
  const reader = new FlatReader()

  test('is read as the careful parser reads it, member by member, also when its names came before', () => {
    fc.assert(
      fc.property(anyImageText, (text) => {
        const careful = parseJson(text)
        if (!isJsonObject(careful)) throw new Error('no object')
        const hasEscapedName = Object.keys(careful).some((name) => JSON.stringify(name) !== `"${name}"`)
        const once = read(reader, text)
        expect(once).toEqual(hasEscapedName ? undefined : membersOf(text))
        expect(read(reader, text)).toEqual(once)
      }),
      { numRuns: runs(300) },
    )
  })

  test('is never found in what is none: any JSON, and any JSON that was cut or has other bytes', () => {
    const anyDamage = fc.tuple(
      anyJsonTexts,
      fc.nat(),
      fc.constantFrom('', '"', '\\', '{', '}', ',', ':', '1', '\n', '\u0001'),
    )
    fc.assert(
      fc.property(anyDamage, ([{ compact, spaced }, at, instead]) => {
        for (const given of [compact, spaced, damaged(compact, at, instead)]) {
          const text = given.toWellFormed()
          const found = read(reader, text)
          if (found === undefined) continue
          const value = parseJson(text)
          if (!isJsonObject(value)) throw new Error(`read ${text}`)
          expect(Object.fromEntries(found)).toEqual(value)
          expect(found).toHaveLength(memberCount(value))
        }
      }),
      { numRuns: runs(600) },
    )
  })

  test('has a value whose bytes are those of JSON.stringify wherever it says plain or escaped', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('u', 'U', '/', 'as it is'), (text, form) => {
        const quoted = JSON.stringify(text)
        const written =
          form === 'as it is'
            ? quoted
            : form === '/'
              ? quoted.replaceAll('/', '\\/')
              : `"${[...text].map((one) => escapedForm(one, form)).join('')}"`
        const bytes = Buffer.from(`{"a":${written}}`)
        expect(reader.read(bytes, 0)).toBe(bytes.length)
        expect(JSON.parse(reader.json(0, bytes))).toBe(
          Buffer.from(JSON.parse(written)).toString() === JSON.parse(written) ? text : JSON.parse(written),
        )
        if (reader.kind(0) <= valueKind.escaped) expect(reader.json(0, bytes)).toBe(quoted)
        if (form === 'as it is')
          expect(reader.kind(0)).toBeLessThanOrEqual(text.isWellFormed() ? valueKind.escaped : valueKind.odd)
      }),
      { numRuns: runs(300) },
    )
  })

  test.each([
    ['a name that stands twice', '{"a":1,"a":2}'],
    ['a space', '{"a": 1}'],
    ['a name with an escape', '{"\\u0061":1}'],
    ['an object in it', '{"a":{}}'],
    ['an array in it', '{"a":[]}'],
    ['a number that is none', '{"a":01}'],
    ['a number that ends with a point', '{"a":1.}'],
    ['a number without digits', '{"a":-}'],
    ['an exponent without digits', '{"a":1e+}'],
    ['an escape that is none', '{"a":"\\x"}'],
    ['an escape that is cut', '{"a":"\\u00"}'],
    ['a control character', '{"a":"\u0001"}'],
    ['a comma at its end', '{"a":1,}'],
    ['no end', '{"a":1'],
    ['a name of a size that no column has', `{"${'a'.repeat(600)}":1}`],
    ['a text without an end', '{"a":"b'],
  ])('is refused with %s', (_what, text) => {
    expect(read(new FlatReader(), text)).toBeUndefined()
  })

  test('is left to the careful way with more names than a table has columns', () => {
    const wide = (count: number) => `{${Array.from({ length: count }, (_, n) => `"n${n}":1`).join(',')}}`
    const many = new FlatReader()
    expect(read(many, wide(2_000))).toHaveLength(2_000)
    expect(read(many, wide(2_001))).toBeUndefined()
  })

  test('has thousands of shapes before it is left to the careful way', () => {
    const many = new FlatReader()
    const ends = (n: number) => many.read(Buffer.from(`{"k${n}":1}`), 0)
    for (let n = 0; n < 50_000; n += 1) if (ends(n) < 0) throw new Error(`not the ${n}th`)
    expect(many.read(Buffer.from('{"one more":1}'), 0)).toBe(-1)
    expect(read(many, '{"k49999":1}')).toEqual([['k49999', 1]])
    expect(read(many, '{"k0":1}')).toEqual([['k0', 1]])
  })
})

function membersOf(text: string): readonly (readonly [string, JsonValue])[] {
  const value = parseJson(text)
  /* Numbers as names come first in an object of the platform: the text says the order. */
  const found: [string, JsonValue][] = []
  let rest = text.slice(1, -1)
  while (rest !== '') {
    const name = /^"(?:[^"\\]|\\.)*"/s.exec(rest)?.[0] ?? ''
    const [, literal = ''] = /^:("(?:[^"\\]|\\.)*"|[^,]*),?/s.exec(rest.slice(name.length)) ?? []
    found.push([JSON.parse(name), parseJson(literal)])
    rest = rest.slice(name.length + 1 + literal.length).replace(/^,/, '')
  }
  expect(Object.fromEntries(found)).toEqual(value)
  return found
}

function damaged(text: string, at: number, instead: string): string {
  const place = at % (text.length + 1)
  return `${text.slice(0, place)}${instead}${text.slice(place + 1)}`
}

function escapedForm(character: string, form: string): string {
  const units = Array.from({ length: character.length }, (_, index) => {
    const hex = character.charCodeAt(index).toString(16).padStart(4, '0')
    return `\\u${form === 'U' ? hex.toUpperCase() : hex}`
  })
  return units.join('')
}
