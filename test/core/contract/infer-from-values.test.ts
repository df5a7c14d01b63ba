import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ObservedRows } from '../../../core/contract/infer/infer-from-values.ts'
import { decoderOf } from '../../../core/contract/value/canonical.ts'
import { compareDecimals, plainDecimal } from '../../../core/contract/value/decimal.ts'
import { Refusal } from '../../../core/contract/value/refusal.ts'
import { typeName } from '../../../core/contract/value/type.ts'
import { JsonNumber, type JsonValue, parseJson } from '../../../core/json.ts'
import { runs } from '../../support/budget.ts'

function inferred(values: readonly JsonValue[]) {
  const rows = new ObservedRows()
  for (const value of values) rows.add({ column: value })
  const observed = rows.observed().get('column')
  if (observed === undefined) throw new Error('no field was observed')
  return observed
}

const typeOf = (...texts: readonly string[]): string =>
  typeName(inferred(texts.map((text) => parseJson(text))).type)

const digits = (max: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: max })
    .map((text) => text.replace(/^0+(?=\d)/, ''))
const sign = fc.constantFrom('', '-')
const whole = fc.tuple(sign, digits(22)).map((parts) => parts.join(''))
const fraction = fc
  .tuple(sign, digits(20), fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 18 }))
  .map(([minus, before, after]) => `${minus}${before}.${after}`)
const float = fc
  .double()
  .map((value) =>
    Number.isFinite(value) ? String(value).replace(/e\+?/, 'e') : JSON.stringify(String(value)),
  )
const two = fc.integer({ min: 0, max: 99 }).map((value) => String(value).padStart(2, '0'))
const day = fc
  .tuple(fc.constantFrom('2026', '0001', '0000', '9999'), two, two)
  .map((parts) => parts.join('-'))
const clock = fc
  .tuple(two, two, two, fc.constantFrom('', '.5', '.500', '.123456'))
  .map(([h, m, s, f]) => `${h}:${m}:${s}${f}`)
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  day,
  clock,
  fc.tuple(day, clock).map(([d, t]) => `${d}T${t}Z`),
  fc.json(),
  fc.constantFrom(
    'true',
    'false',
    't',
    '',
    '{}',
    '[]',
    '{1,2}',
    '{007}',
    '{"a,b",NULL}',
    '{{1},{2}}',
    'NaN',
    '007',
    '12.5',
    '1e5',
  ),
)
const number = fc.oneof(whole, fraction, float).map((source) => parseJson(source))
/* One field seldom mixes kinds, and when it does nothing may be lost either. */
const column: fc.Arbitrary<readonly JsonValue[]> = fc.oneof(
  fc.array(number, { maxLength: 8 }),
  fc.array(
    whole.map((source) => parseJson(source)),
    { maxLength: 8 },
  ),
  fc.array(text, { maxLength: 8 }),
  fc.array(fc.boolean(), { maxLength: 4 }),
  fc.array(
    fc.oneof(
      number,
      text,
      fc.boolean(),
      fc.constant(null),
      fc.json().map((source) => parseJson(source)),
    ),
    { maxLength: 6 },
  ),
)

describe('types out of values', () => {
  test('G6: the inferred type accepts every observed value, exactly', () => {
    fc.assert(
      fc.property(column, (values) => {
        const { type, note } = inferred([null, ...values])
        if (note === 'values of several types seen') return
        const decode = decoderOf(type)
        for (const value of values) {
          if (value === null) continue
          const canonical = decode(value)
          expect(canonical).not.toBeInstanceOf(Refusal)
          if (typeof value === 'string' && ['string', 'uuid', 'date', 'time', 'json'].includes(type.kind))
            expect(canonical).toBe(value)
          if (typeof value === 'number' || value instanceof JsonNumber) {
            const source = value instanceof JsonNumber ? value.text : String(value)
            expect(
              sameNumber(source, String(canonical)) || canonical === source || type.kind === 'double',
            ).toBe(true)
          }
        }
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('text alone always has a type', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (values) => {
        expect(inferred(values).note).not.toBe('values of several types seen')
      }),
      { numRuns: runs(200) },
    )
  })

  test.each([
    [['1', '20000000'], 'integer'],
    [['1', '20000001'], 'bigint'],
    [['9223372036854775807'], 'bigint'],
    [['9223372036854775808'], 'decimal(23,0)'],
    [['184.50', '-1210.00', '3'], 'decimal(10,2)'],
    [['0.05'], 'decimal(7,2)'],
    [['1.5', '1e300'], 'double'],
    [['1.5', '"NaN"'], 'double'],
    [['"NaN"'], 'string'],
    [['"007"', '"12"'], 'string'],
    [['true', 'false'], 'boolean'],
    [['"true"'], 'boolean'],
    [['"2026-02-28"'], 'date'],
    [['"2026-02-30"'], 'string'],
    [['"2026-02-28T10:00:00.000001Z"'], 'timestampMicros'],
    [['"10:00:00"'], 'time'],
    [['"e2a14697-e18b-5562-511a-6d31d4b3744e"'], 'uuid'],
    [['"E2A14697-e18b-5562-511a-6d31d4b3744e"'], 'string'],
    [['"{\\"a\\": 1}"', '"{}"'], 'json'],
    [['"{1,2}"', '"{}"'], 'list<bigint>'],
    [['"{007}"'], 'list<string>'],
    [['"{}"'], 'string'],
    [['null'], 'string'],
  ])('%s is %s', (values, type) => {
    expect(typeOf(...values)).toBe(type)
  })

  test('a decimal that needs all 38 digits has no headroom, one more is text', () => {
    expect(typeOf(`${'1'.repeat(36)}.25`)).toBe('decimal(38,2)')
    expect(typeOf(`${'1'.repeat(37)}.25`)).toBe('string')
  })

  test('null and missing count as rows without a value', () => {
    const rows = new ObservedRows()
    for (const row of [{ a: 1, b: null }, { a: 2 }, { a: 3, b: 'x' }]) rows.add(row)
    expect([...rows.observed()].map(([name, { values, empty }]) => [name, values, empty])).toEqual([
      ['a', 3, 0],
      ['b', 1, 2],
    ])
  })
})

function sameNumber(left: string, right: string): boolean {
  const [a, b] = [plainDecimal(left), plainDecimal(right)]
  return a !== undefined && b !== undefined && compareDecimals(a, b) === 0
}
