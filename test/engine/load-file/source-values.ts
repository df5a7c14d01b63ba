import fc from 'fast-check'
import { type JsonValue, parseJson } from '../../../core/json.ts'
import { anyNumberText, anySourceText } from '../../support/arbitraries.ts'

/** One value of a file, and what the stream carries of the same source value. */
export interface SourceValue {
  readonly sql: string
  readonly json: JsonValue
}

const typed = (sqlType: string) => (text: string, stream?: string) => ({
  sql: `CAST('${text}' AS ${sqlType})`,
  json: stream ?? text,
})
export const number = (sqlType: string) => (text: string, stream?: string) => ({
  sql: `CAST('${text}' AS ${sqlType})`,
  json: parseJson(stream ?? text),
})
export const textValue = (text: string): SourceValue => ({
  sql: `decode(unhex('${Buffer.from(text).toString('hex')}'))`,
  json: text,
})

const integers = (sqlType: string, bits: bigint): fc.Arbitrary<SourceValue> =>
  fc
    .oneof(
      fc.constantFrom(-(2n ** bits), 2n ** bits - 1n, 0n, -1n, 1n),
      fc.bigInt({ min: -20n, max: 20n }),
      fc.bigInt({ min: -(2n ** bits), max: 2n ** bits - 1n }),
    )
    .map((value) => number(sqlType)(String(value)))

const decimals = (precision: number, scale: number): fc.Arbitrary<SourceValue> =>
  fc
    .oneof(
      fc.bigInt({ min: -300n, max: 300n }),
      fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }),
    )
    .filter((unscaled) => unscaled > -(10n ** BigInt(precision)) && unscaled < 10n ** BigInt(precision))
    .map((unscaled) => {
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
      const point = digits.length - scale
      const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
      return number(`DECIMAL(${precision},${scale})`)(`${unscaled < 0n ? '-' : ''}${text}`)
    })

const [double, real, day, instant] = [number('DOUBLE'), number('FLOAT'), typed('DATE'), typed('TIMESTAMPTZ')]

/* What PostgreSQL prints of floats, written by hand: fewest digits, an exponent from 15 (real: 6) digits on. */
const doubles: readonly SourceValue[] = [
  ...['0', '0.1', '-0', '1.5', '100000', '123456789012345', '0.0001', '5e-324'].map((text) => double(text)),
  double('1e15', '1e+15'),
  double('0.00001', '1e-05'),
  double('1.7976931348623157e308', '1.7976931348623157e+308'),
  double('9007199254740993', '9.007199254740992e+15'),
  double('1234567.5'),
  ...['NaN', 'Infinity', '-Infinity'].map((text) => typed('DOUBLE')(text)),
]
const reals: readonly SourceValue[] = [
  ...['0', '2.2', '-0', '0.3', '123456', '16.5', '1e-45'].map((text) => real(text)),
  real('1000000', '1e+06'),
  real('16777216', '1.6777216e+07'),
  real('3.4028235e38', '3.4028235e+38'),
  ...['NaN', 'Infinity', '-Infinity'].map((text) => typed('FLOAT')(text)),
]
const days: readonly SourceValue[] = [
  ...['0001-01-01', '9999-12-31', '2024-02-29', '1969-12-31', 'infinity', '-infinity'].map((text) =>
    day(text),
  ),
  day('10000-01-01'),
  day('0044-03-15 (BC)', '0044-03-15 BC'),
  day('0001-12-31 (BC)', '0001-12-31 BC'),
]
const instants: readonly SourceValue[] = [
  instant('2024-02-29 12:00:00.123456+00', '2024-02-29T12:00:00.123456Z'),
  instant('2024-02-29 12:00:00.5+00', '2024-02-29T12:00:00.500000Z'),
  instant('1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999999Z'),
  instant('1969-12-31 23:59:59.9+00', '1969-12-31T23:59:59.900000Z'),
  instant('0001-01-01 00:00:00.000001+00', '0001-01-01T00:00:00.000001Z'),
  instant('9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'),
  instant('10000-01-01 00:00:00+00', '10000-01-01 00:00:00+00'),
  instant('0044-03-15 (BC) 01:02:03.5+00', '0044-03-15 01:02:03.5+00 BC'),
  instant('infinity'),
  instant('-infinity'),
]

/* Texts that are, or nearly are, values of some type: each meets each type. */
export const texts: readonly string[] = [
  ...[
    '',
    ' ',
    'a',
    'true',
    'false',
    'TRUE',
    't',
    'f',
    'NULL',
    '***',
    '\ufeff',
    '0',
    '-0',
    '-1',
    '007',
    '1e3',
  ],
  ...['9223372036854775807', '9223372036854775808', '32768', '12.5', '12.50', '12.505', '.5', '1.', '+1'],
  ...['2024-02-29', '2023-02-29', '0000-01-01', '10000-01-01', '2024-2-9', '2024-02-29\n', 'infinity'],
  ...['2024-02-29T12:00:00Z', '2024-02-29 12:00:00.123456Z', '2024-02-29T24:00:00Z', '2024-02-29T12:00:60Z'],
  ...[
    '2024-02-29T12:00:00',
    '2024-02-29T12:00:00+02:00',
    '0000-12-31T23:59:59Z',
    '9999-12-31T23:59:59.9999999Z',
  ],
  ...['12:00:00', '24:00:00', '24:00:01', '12:00:00.50', '12:00:00.123456', '12:00', '12:60:00'],
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  '6BA7B810-9DAD-11D1-80B4-00C04FD430C8',
  '{6ba7b810-9dad-11d1-80b4-00c04fd430c8}',
  '6ba7b8109dad11d180b400c04fd430c8',
  ...[
    '{}',
    '{a}',
    '{a,b c}',
    '{"b c",a}',
    '{""}',
    '{NULL}',
    '{"NULL"}',
    '{nullable}',
    '{a,,b}',
    '{a,}',
    '{{a}}',
  ],
  ...[
    '{1,2}',
    '{1,NULL}',
    '{99999}',
    '{-1,0}',
    '{007}',
    '{a"b}',
    '{"a\\"b"}',
    '[1:2]={a,b}',
    '{é,😀}',
    '{ a}',
  ],
  ...[
    '[]',
    '[1,2]',
    '[1,]',
    '{"a":1}',
    '{"a":1,}',
    '[NaN]',
    '-Infinity',
    '{"d":"2024-02-29"}',
    '"nan"',
    'null',
  ],
  ...[
    '{"a":"infinity, ]"}',
    '["\\ud800"]',
    '[1] x',
    ' [1]',
    '{"a":"b\\"c,]"}',
    "{'a':1}",
    '["nan",nan]',
    '1e999',
  ],
  ...['00ff', '0x00ff', '\\x00ff', '0', 'FF', 'ab c', 'ab'],
  ...[
    'ada@example.com',
    'a@b@c.de',
    'a b@c.de',
    'a\u00a0b@c.de',
    'a\vb@c.de',
    '@c.de',
    'a@',
    'a@c.de\n',
    'a@é.de',
  ],
  ...[
    'FR7630006000011234567890189',
    '😀',
    '😀😀',
    '😀é😀',
    'abcdef',
    'abcde',
    "it's",
    'a\u0000b'.replace('\u0000', ''),
  ],
]

/** A type that a column of a load file can have, and values of it. */
export interface AnyFileType {
  readonly sqlType: string
  readonly value: fc.Arbitrary<SourceValue>
}

export const fileTypes: readonly AnyFileType[] = [
  { sqlType: 'SMALLINT', value: integers('SMALLINT', 15n) },
  { sqlType: 'INTEGER', value: integers('INTEGER', 31n) },
  { sqlType: 'BIGINT', value: integers('BIGINT', 63n) },
  ...(
    [
      [15, 2],
      [38, 0],
      [38, 10],
      [4, 4],
      [9, 0],
    ] as const
  ).map(([precision, scale]) => ({
    sqlType: `DECIMAL(${precision},${scale})`,
    value: decimals(precision, scale),
  })),
  { sqlType: 'DOUBLE', value: fc.constantFrom(...doubles) },
  { sqlType: 'FLOAT', value: fc.constantFrom(...reals) },
  { sqlType: 'BOOLEAN', value: fc.boolean().map((value) => ({ sql: String(value), json: value })) },
  { sqlType: 'DATE', value: fc.constantFrom(...days) },
  { sqlType: 'TIMESTAMPTZ', value: fc.constantFrom(...instants) },
  {
    sqlType: 'TIME',
    value: fc
      .constantFrom('12:00:00', '23:59:59.999999', '24:00:00', '00:00:00.5')
      .map((text) => typed('TIME')(text)),
  },
  {
    sqlType: 'BLOB',
    value: fc
      .constantFrom('', '00ff', '3031', '5c', '68656c6c6f')
      .map((hex) => ({ sql: `unhex('${hex}')`, json: hex })),
  },
  {
    sqlType: 'VARCHAR',
    value: fc
      .oneof(
        { weight: 4, arbitrary: fc.constantFrom(...texts) },
        { weight: 1, arbitrary: anySourceText },
        { weight: 1, arbitrary: anyNumberText },
      )
      .map(textValue),
  },
]
