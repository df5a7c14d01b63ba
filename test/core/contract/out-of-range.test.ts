import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { table } from '../../../core/contract/check/define-table.ts'
import { type Column, col } from '../../../core/contract/language/column.ts'
import { lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import { columnDecoder } from '../../../core/contract/language/out-of-range.ts'
import { decoderOf } from '../../../core/contract/value/canonical.ts'
import { Refusal } from '../../../core/contract/value/refusal.ts'
import { parseJson } from '../../../core/json.ts'
import { runs } from '../../support/budget.ts'

const REFUSED = 'refused'

function decode(column: Column, json: string): unknown {
  const value = columnDecoder(column)(parseJson(json))
  return value instanceof Refusal ? REFUSED : value
}

const clamped: readonly (readonly [string, Column, readonly (readonly [json: string, value: unknown])[]])[] =
  [
    [
      'smallint',
      col.smallint('Any', { beyond: 'clamp' }),
      [
        ['32767', 32_767],
        ['32768', 32_767],
        ['1e9', 32_767],
        ['-99999999999999999999.5', -32_768],
        ['"Infinity"', 32_767],
        ['1.5', REFUSED],
        ['"NaN"', REFUSED],
        ['"many"', REFUSED],
        ['true', REFUSED],
      ],
    ],
    [
      'integer in bounds',
      col.integer('Any', { beyond: 'clamp', min: 0, max: 600 }),
      [
        ['601', 600],
        ['-1', 0],
        ['9999999999', 600],
        ['600', 600],
      ],
    ],
    [
      'bigint',
      col.bigint('Any', { beyond: 'clamp' }),
      [
        ['9223372036854775808', '9223372036854775807'],
        ['-9223372036854775809', '-9223372036854775808'],
      ],
    ],
    [
      'decimal',
      col.decimal(4, 2, 'Any', { beyond: 'clamp' }),
      [
        ['99.99', '99.99'],
        ['99.991', '99.99'],
        ['100', '99.99'],
        ['-1e30', '-99.99'],
        ['"-Infinity"', '-99.99'],
        ['1.005', REFUSED],
        ['"NaN"', REFUSED],
      ],
    ],
    ['decimal of decimals', col.decimal(2, 2, 'Any', { beyond: 'clamp' }), [['7', '0.99']]],
    [
      'double',
      col.double('Any', { beyond: 'clamp' }),
      [
        ['1e309', Number.MAX_VALUE],
        ['-1e309', -Number.MAX_VALUE],
        ['"Infinity"', 'Infinity'],
        ['0.1000000000000000000001', REFUSED],
      ],
    ],
    [
      'real in bounds',
      col.real('Any', { beyond: 'clamp', min: 0.1, max: 0.7 }),
      [
        ['0.05', Math.fround(0.1)],
        ['3.5e38', Math.fround(0.7)],
        ['"Infinity"', Math.fround(0.7)],
        ['0.7', Math.fround(0.7)],
      ],
    ],
    [
      'date',
      col.date('Any', { beyond: 'clamp' }),
      [
        ['"infinity"', '9999-12-31'],
        ['"-infinity"', '0001-01-01'],
        ['"0044-03-15 BC"', '0001-01-01'],
        ['"12026-01-01"', '9999-12-31'],
        ['"2023-02-29"', REFUSED],
        ['"soon"', REFUSED],
      ],
    ],
    [
      'timestamp',
      col.timestamp('Any', { beyond: 'clamp' }),
      [
        ['"infinity"', 253_402_300_799_999],
        ['"0044-03-15 00:00:00+00 BC"', -62_135_596_800_000],
        ['"0044-03-15 00:00:00 BC"', -62_135_596_800_000],
        ['"0001-01-01T00:00:00+01"', -62_135_596_800_000],
        ['"9999-12-31T23:59:59-01:30"', 253_402_300_799_999],
        ['"0001-01-01T00:00:00"', REFUSED],
        ['"0001-01-01T25:00:00+01"', REFUSED],
        ['"2026-02-30T00:00:00Z"', REFUSED],
      ],
    ],
    [
      'timestampMicros',
      col.timestampMicros('Any', { beyond: 'clamp' }),
      [
        ['"-infinity"', '-62135596800000000'],
        ['"12026-01-01 00:00:00.5+00"', '253402300799999999'],
      ],
    ],
  ]

describe.each(clamped)('G6: a clamped %s', (_, column, cases) => {
  test.each(cases)('makes %s %s', (json, value) => {
    expect(decode(column, json)).toEqual(value)
  })
})

const numeric = [
  col.smallint('Any', { nullable: true, beyond: 'clamp' }),
  col.bigint('Any', { nullable: true, beyond: 'clamp' }),
  col.decimal(9, 3, 'Any', { nullable: true, beyond: 'clamp' }),
]
const anyNumber = fc
  .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.integer({ min: 0, max: 8 }))
  .map(([digits, scale]) => {
    const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
    const number = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`
    return `${digits < 0n ? '-' : ''}${number}`
  })

test('G6: a rule alters nothing that the column holds, and what comes out is a value of its type', () => {
  fc.assert(
    fc.property(fc.constantFrom(...numeric), anyNumber, (column, json) => {
      const strict = decoderOf(column.type)(parseJson(json))
      const clampedValue = columnDecoder(column)(parseJson(json))
      const nulled = columnDecoder({ ...column, beyond: 'null' })(parseJson(json))
      if (strict instanceof Refusal) expect(nulled).toBeNull()
      else expect([clampedValue, nulled]).toEqual([strict, strict])
      if (!(clampedValue instanceof Refusal) && clampedValue !== null)
        expect(decoderOf(column.type)(String(clampedValue))).toEqual(clampedValue)
    }),
    { numRuns: runs(500) },
  )
})

describe('null', () => {
  test.each<[Column, string, unknown]>([
    [col.integer('Any', { nullable: true, beyond: 'null', max: 5 }), '6', null],
    [col.integer('Any', { nullable: true, beyond: 'null' }), '1.5', null],
    [col.integer('Any', { nullable: true, beyond: 'null' }), '"NaN"', null],
    [col.integer('Any', { nullable: true, beyond: 'null' }), '"many"', REFUSED],
    [col.decimal(4, 1, 'Any', { nullable: true, beyond: 'null' }), '1.25', null],
    [col.double('Any', { nullable: true, beyond: 'null', min: 0 }), '"NaN"', null],
    [col.date('Any', { nullable: true, beyond: 'null' }), '"infinity"', null],
    [col.date('Any', { nullable: true, beyond: 'null' }), '"soon"', REFUSED],
    [col.varchar(2, 'Any', { nullable: true, beyond: 'null' }), '"abc"', null],
    [col.varchar(2, 'Any', { nullable: true, beyond: 'null' }), '"ab"', 'ab'],
    [col.varchar(2, 'Any', { nullable: true, beyond: 'null' }), '"\\ud83dabc"', REFUSED],
  ])('$type.kind, %s', (column, json, value) => {
    expect(decode(column, json)).toBe(value)
  })
})

describe('text', () => {
  test.each<[Column, string, string]>([
    [col.integer('Any', { beyond: 'text' }), '1e3', '1000'],
    [col.integer('Any', { beyond: 'text' }), '99999999999.50', '99999999999.50'],
    [col.integer('Any', { beyond: 'text' }), '"many"', 'many'],
    [col.integer('Any', { beyond: 'text', max: 5 }), '6.0', '6.0'],
    [col.decimal(4, 2, 'Any', { beyond: 'text' }), '1.5', '1.50'],
    [col.decimal(4, 2, 'Any', { beyond: 'text' }), '"NaN"', 'NaN'],
    [col.double('Any', { beyond: 'text' }), '-0', '-0'],
    [col.date('Any', { beyond: 'text' }), '"0044-03-15 BC"', '0044-03-15 BC'],
    [col.timestamp('Any', { beyond: 'text' }), '"2026-03-02 08:15:31.123456+00"', '2026-03-02T08:15:31.123Z'],
    [
      col.timestampMicros('Any', { beyond: 'text' }),
      '"2026-03-02T10:15:31.5+02"',
      '2026-03-02T08:15:31.500000Z',
    ],
    [col.timestampMicros('Any', { beyond: 'text' }), '"infinity"', 'infinity'],
    [col.boolean('Any', { beyond: 'text' }), '"true"', 'true'],
    [col.boolean('Any', { beyond: 'text' }), '2', '2'],
    [
      col.uuid('Any', { beyond: 'text' }),
      '"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    ],
    [col.varchar(2, 'Any', { beyond: 'text' }), '"abc"', 'abc'],
    [col.time('Any', { beyond: 'text' }), '"08:15:31+02"', '08:15:31+02'],
  ])('$type.kind keeps the source text of what does not fit: %s', (column, json, text) => {
    expect(decode(column, json)).toBe(text)
  })

  test('G1: text that is no Unicode is refused all the same', () => {
    expect(decode(col.date('Any', { beyond: 'text' }), '"\\ud83d"')).toBe(REFUSED)
  })

  test('makes the column text in the lake, one column where an exact timestamp is two', () => {
    const made = table({
      name: 't.text',
      version: 1,
      owner: 'tests',
      description: 'Any',
      source: { system: 't', table: 'public.t' },
      primaryKey: ['id'],
      unknownFields: 'drop',
      columns: {
        id: col.bigint('Key', { beyond: 'text' }),
        at: col.timestampMicros('When', { beyond: 'text' }),
        at_micros: col.integer('May have the name', { beyond: 'clamp' }),
      },
    })
    expect(lakeColumns(made).map(({ name, type, part }) => [name, type.kind, part])).toEqual([
      ['id', 'string', 'value'],
      ['at', 'string', 'value'],
      ['at_micros', 'integer', 'value'],
    ])
  })
})
