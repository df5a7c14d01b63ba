import type { CanonicalValue } from '../../core/block.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'

/** A form that contract columns have in a file, and values of it, canonical. */
export interface ReaderCase {
  /** As contracts write it; types of one form stand together. */
  readonly contract: string
  readonly type: ColumnType
  readonly ordinary: readonly CanonicalValue[]
  /** Each is alone in a file: a reader that refuses it refuses nothing else. */
  readonly extreme: readonly { readonly what: string; readonly values: readonly CanonicalValue[] }[]
}

const millis = (text: string) => Date.parse(text)

/** Every form of `docs/03-contracts.md`: enum, uuid, json, time and varchar are text in the file, as string is. */
export const readerCases: readonly ReaderCase[] = [
  {
    contract: 'bigint, and the microseconds of timestampMicros',
    type: { kind: 'bigint' },
    ordinary: ['1', null, '-42'],
    extreme: [
      { what: '9007199254740993, which no double holds', values: ['9007199254740993'] },
      { what: 'the ends of 64 bits', values: ['9223372036854775807', '-9223372036854775808'] },
    ],
  },
  {
    contract: 'integer',
    type: { kind: 'integer' },
    ordinary: [1, null, -42],
    extreme: [{ what: 'the ends of 32 bits', values: [2147483647, -2147483648] }],
  },
  {
    contract: 'smallint',
    type: { kind: 'smallint' },
    ordinary: [1, null, -42],
    extreme: [{ what: 'the ends of 16 bits', values: [32767, -32768] }],
  },
  {
    contract: 'decimal(9,2), as int32',
    type: { kind: 'decimal', precision: 9, scale: 2 },
    ordinary: ['19.90', null, '-0.05', '1.15'],
    extreme: [{ what: 'the ends of 9 digits', values: ['9999999.99', '-9999999.99'] }],
  },
  {
    contract: 'decimal(18,6), as int64',
    type: { kind: 'decimal', precision: 18, scale: 6 },
    ordinary: ['19.900000', null, '-0.050000', '1.150000'],
    extreme: [{ what: 'the ends of 18 digits', values: ['999999999999.999999', '-999999999999.999999'] }],
  },
  {
    contract: 'decimal(38,10), as bytes',
    type: { kind: 'decimal', precision: 38, scale: 10 },
    ordinary: ['19.9000000000', null, '-0.0500000000', '1.1500000000'],
    extreme: [
      {
        what: 'the ends of 38 digits',
        values: ['9999999999999999999999999999.9999999999', '-9999999999999999999999999999.9999999999'],
      },
    ],
  },
  {
    contract: 'double',
    type: { kind: 'double' },
    ordinary: [0.1, null, -1.5],
    extreme: [
      { what: 'NaN', values: ['NaN'] },
      { what: 'the infinities', values: ['Infinity', '-Infinity'] },
      { what: '-0', values: ['-0'] },
      { what: 'the ends of its range', values: [5e-324, 1.7976931348623157e308] },
    ],
  },
  {
    contract: 'real',
    type: { kind: 'real' },
    ordinary: [0.5, null, -1.5],
    extreme: [
      { what: '0.1, whose double is longer', values: [0.1] },
      { what: 'NaN', values: ['NaN'] },
      { what: 'the infinities', values: ['Infinity', '-Infinity'] },
      { what: '-0', values: ['-0'] },
    ],
  },
  { contract: 'boolean', type: { kind: 'boolean' }, ordinary: [true, null, false], extreme: [] },
  {
    contract: 'string, varchar, enum, uuid, json, time',
    type: { kind: 'string' },
    ordinary: ['Ada', null, 'né', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '{"a":1.50}', '24:00:00'],
    extreme: [
      { what: 'empty text', values: ['', null] },
      { what: 'a leading U+FEFF', values: ['\ufeffa'] },
      { what: 'U+1F600, and 100,000 characters', values: ['\u{1f600}', 'é'.repeat(100_000)] },
      {
        what: 'two values 500 times, which get a dictionary',
        values: Array.from({ length: 1000 }, (_, row) => (row % 2 === 0 ? 'done' : 'draft')),
      },
    ],
  },
  {
    contract: 'date',
    type: { kind: 'date' },
    ordinary: ['2026-02-28', null, '1970-01-01'],
    extreme: [
      { what: '1969-12-31', values: ['1969-12-31'] },
      { what: '1899-12-31', values: ['1899-12-31'] },
      { what: '1582-10-04', values: ['1582-10-04'] },
      { what: '0001-01-01', values: ['0001-01-01'] },
      { what: '2300-01-01', values: ['2300-01-01'] },
      { what: '9999-12-31, as `beyond: clamp` has it', values: ['9999-12-31'] },
    ],
  },
  {
    contract: 'timestamp, and the milliseconds of timestampMicros',
    type: { kind: 'timestamp' },
    ordinary: [millis('2026-02-28T12:34:56.789Z'), null, 0],
    extreme: [
      { what: '1969-12-31 23:59:59.999', values: [-1] },
      { what: '1899-12-31', values: [millis('1899-12-31T00:00:00Z')] },
      { what: '0001-01-01', values: [millis('0001-01-01T00:00:00Z')] },
      { what: '2262-04-12, past 64 bits of nanoseconds', values: [millis('2262-04-12T00:00:00Z')] },
      { what: '2300-01-01', values: [millis('2300-01-01T00:00:00Z')] },
      {
        what: '9999-12-31 23:59:59.999, as `beyond: clamp` has it',
        values: [millis('9999-12-31T23:59:59.999Z')],
      },
    ],
  },
  {
    contract: 'binary',
    type: { kind: 'binary' },
    ordinary: ['00ff80', null, '414243'],
    extreme: [{ what: 'no bytes', values: ['', null] }],
  },
  {
    contract: 'list of string',
    type: { kind: 'list', of: { kind: 'string' } },
    ordinary: [['a', 'b'], ['c']],
    extreme: [
      { what: 'null beside an empty list', values: [null, []] },
      { what: 'null and empty text as elements', values: [['a', null, '']] },
    ],
  },
  {
    contract: 'list of decimal(12,2)',
    type: { kind: 'list', of: { kind: 'decimal', precision: 12, scale: 2 } },
    ordinary: [['1.15', '19.90'], ['-0.05']],
    extreme: [],
  },
  {
    contract: 'struct of date and string',
    type: {
      kind: 'struct',
      fields: { day: { kind: 'date', nullable: true }, note: { kind: 'string', nullable: true } },
    },
    ordinary: [
      ['2026-02-28', 'a'],
      ['2026-03-01', 'b'],
    ],
    extreme: [
      { what: 'null beside a struct of nulls', values: [null, [null, null]] },
      { what: 'a null member', values: [['2026-02-28', null]] },
    ],
  },
  {
    contract: 'list of struct of integer and list of string',
    type: {
      kind: 'list',
      of: {
        kind: 'struct',
        fields: { n: { kind: 'integer' }, tags: { kind: 'list', of: { kind: 'string' } } },
      },
    },
    ordinary: [
      [
        [1, ['a', 'b']],
        [2, []],
      ],
      [],
    ],
    extreme: [],
  },
]
