import type { ColumnType } from '../../../core/contract/value/type.ts'

/* Wire values as JSON text. */
type Cases = readonly (readonly [json: string, canonical: unknown])[]

/** Values that a type holds, with their canonical form. */
export const accepted: readonly (readonly [ColumnType, Cases])[] = [
  [
    { kind: 'bigint' },
    [
      ['9223372036854775807', '9223372036854775807'],
      ['-9223372036854775808', '-9223372036854775808'],
      ['9007199254740993', '9007199254740993'],
      ['"9007199254740993"', '9007199254740993'],
      ['0', '0'],
      ['-0', '0'],
      ['5.000', '5'],
      ['1.5e1', '15'],
      ['"007"', '7'],
    ],
  ],
  [
    { kind: 'integer' },
    [
      ['2147483647', 2_147_483_647],
      ['-2147483648', -2_147_483_648],
      ['"12"', 12],
      ['1e3', 1000],
    ],
  ],
  [
    { kind: 'smallint' },
    [
      ['32767', 32_767],
      ['-32768', -32_768],
    ],
  ],
  [
    { kind: 'double' },
    [
      ['55', 55],
      ['0.1', 0.1],
      ['-0', '-0'],
      ['"-0"', '-0'],
      ['0e0', 0],
      ['5e-324', 5e-324],
      ['4.9406564584124654e-324', 5e-324],
      ['1.7976931348623157e+308', 1.797_693_134_862_315_7e308],
      ['9007199254740991', 9_007_199_254_740_991],
      ['0.30000000000000004', 0.300_000_000_000_000_04],
      ['7.120236347223045e-307', 2 ** -1017],
      ['"NaN"', 'NaN'],
      ['"Infinity"', 'Infinity'],
      ['"-Infinity"', '-Infinity'],
    ],
  ],
  [
    { kind: 'real' },
    [
      ['2.2', Math.fround(2.2)],
      ['2.20000005', Math.fround(2.2)],
      ['4.4000001', Math.fround(4.4)],
      ['16777216', 16_777_216],
      ['1e-45', 2 ** -149],
      ['3.4028235e38', 3.402_823_466_385_288_6e38],
      ['1.2621775e-29', 2 ** -96],
      ['"NaN"', 'NaN'],
    ],
  ],
  [
    { kind: 'boolean' },
    [
      ['true', true],
      ['false', false],
      ['"true"', true],
      ['"false"', false],
      ['"t"', true],
      ['"f"', false],
      ['"1"', true],
      ['"0"', false],
      ['1', true],
      ['0', false],
    ],
  ],
  [
    { kind: 'decimal', precision: 12, scale: 2 },
    [
      ['19.9', '19.90'],
      ['"19.90"', '19.90'],
      ['-1e2', '-100.00'],
      ['9999999999.99', '9999999999.99'],
    ],
  ],
  [
    { kind: 'date' },
    [
      ['"0001-01-01"', '0001-01-01'],
      ['"9999-12-31"', '9999-12-31'],
      ['"2024-02-29"', '2024-02-29'],
    ],
  ],
  [
    { kind: 'timestamp' },
    [
      ['"2026-03-02T08:15:31.999999Z"', 1_772_439_331_999],
      ['"1969-12-31T23:59:59.999999Z"', -1],
      ['"2026-03-02 08:15:31+00"', 1_772_439_331_000],
    ],
  ],
  [
    { kind: 'timestampMicros' },
    [
      ['"2026-03-02T08:15:31.999999Z"', '1772439331999999'],
      ['"9999-12-31T23:59:59.999999Z"', '253402300799999999'],
    ],
  ],
  [
    { kind: 'time' },
    [
      ['"08:15:31.500000"', '08:15:31.5'],
      ['"24:00:00"', '24:00:00'],
    ],
  ],
  [{ kind: 'uuid' }, [['"6F9619FF-8B86-D011-B42D-00C04FC964FF"', '6f9619ff-8b86-d011-b42d-00c04fc964ff']]],
  [
    { kind: 'enum', values: ['open', 'constructor'] },
    [
      ['"open"', 'open'],
      ['"constructor"', 'constructor'],
    ],
  ],
  [
    { kind: 'json' },
    [
      ['"{\\"a\\": 1.50, \\"b\\": 9007199254740993}"', '{"a": 1.50, "b": 9007199254740993}'],
      ['"null"', 'null'],
      ['"5"', '5'],
      ['{"a":[9007199254740993]}', '{"a":[9007199254740993]}'],
      ['[1.50]', '[1.50]'],
    ],
  ],
  [
    { kind: 'binary' },
    [
      ['"00FFab"', '00ffab'],
      ['"0x00ff"', '00ff'],
      ['"\\\\x00ff"', '00ff'],
      ['""', ''],
    ],
  ],
  [
    { kind: 'string' },
    [
      ['""', ''],
      ['" padded "', ' padded '],
      ['"NULL"', 'NULL'],
      ['12345678901234567890.10', '12345678901234567890.10'],
      ['7', '7'],
      ['"\\u0000"', '\u0000'],
    ],
  ],
  [{ kind: 'string', max: 2 }, [['"😀😀"', '😀😀']]],
  [
    { kind: 'list', of: { kind: 'bigint' } },
    [
      ['"{9007199254740993,NULL}"', ['9007199254740993', null]],
      ['[1,null]', ['1', null]],
      ['"{}"', []],
    ],
  ],
  [{ kind: 'list', of: { kind: 'boolean' } }, [['"{t,f,NULL}"', [true, false, null]]]],
  [{ kind: 'list', of: { kind: 'binary' } }, [['"{\\"\\\\\\\\x00ff\\"}"', ['00ff']]]],
  [{ kind: 'list', of: { kind: 'timestamp' } }, [['"{\\"2026-03-02 08:15:31+00\\"}"', [1_772_439_331_000]]]],
  [{ kind: 'list', of: { kind: 'decimal', precision: 4, scale: 1 } }, [['"{1,2.50}"', ['1.0', '2.5']]]],
]

/** Values that a type does not hold, with the sentence of their refusal. */
export const refused: readonly (readonly [ColumnType, string, readonly string[]])[] = [
  [
    { kind: 'bigint' },
    'must be a 64-bit integer',
    [
      '9223372036854775808',
      '-9223372036854775809',
      '1.5',
      '"1e400"',
      '""',
      '" 1"',
      '"0x1F"',
      'true',
      '{}',
      '[1]',
    ],
  ],
  [{ kind: 'integer' }, 'must be a 32-bit integer', ['2147483648', '-2147483649', '0.1', '"NaN"', '1e10']],
  [{ kind: 'smallint' }, 'must be a 16-bit integer', ['32768', '-32769']],
  [
    { kind: 'double' },
    'must be a number that a double holds exactly',
    [
      '9007199254740993',
      '1e309',
      '1e-400',
      '0.1000000000000000000001',
      '0.123456789012345678',
      '0.100000000000000006',
      '"infinity"',
      '"0x1"',
      '"0b1"',
      '"1 "',
      '"1,5"',
      '""',
      'true',
    ],
  ],
  [
    { kind: 'real' },
    'must be a number that a real holds exactly',
    ['16777217', '3.5e38', '0.1234567891', '1e-46', '2.2000001'],
  ],
  [
    { kind: 'boolean' },
    'must be true or false',
    ['2', '-1', '1.0', '"T"', '"TRUE"', '"01"', '""', '"yes"', '[]'],
  ],
  [
    { kind: 'decimal', precision: 12, scale: 2 },
    'must fit decimal(12,2)',
    ['19.905', '10000000000', '"12abc"', '1e99'],
  ],
  [
    { kind: 'decimal', precision: 12, scale: 2 },
    'must be a finite number',
    ['"NaN"', '"Infinity"', '"-Infinity"', '""', 'true', '"$1.00"'],
  ],
  [
    { kind: 'date' },
    'must be a day, YYYY-MM-DD, from year 1 to 9999',
    ['"infinity"', '"0044-03-15 BC"', '"12026-01-01"', '"2026-02-30"', '"2026-03-02T00:00:00Z"', '20260302'],
  ],
  [
    { kind: 'timestamp' },
    'must be an instant with its offset, from year 1 to 9999',
    [
      '"infinity"',
      '"-infinity"',
      '"2026-03-02T24:00:00Z"',
      '"2026-03-02T08:15:31"',
      '1772439331',
      '"0044-03-15 00:00:00+00 BC"',
    ],
  ],
  [{ kind: 'time' }, 'must be a time of day, HH:MM:SS', ['"24:00:01"', '"08:15:31+02"', '"8:15"', '815']],
  [
    { kind: 'uuid' },
    'must be a UUID',
    ['"6f9619ff8b86d011b42d00c04fc964ff"', '"{6f9619ff-8b86-d011-b42d-00c04fc964ff}"', '7'],
  ],
  [
    { kind: 'enum', values: ['open', 'paid'] },
    'must be one of open, paid',
    ['"OPEN"', '""', '"constructor"', '1'],
  ],
  [{ kind: 'json' }, 'must be JSON', ['"{"', '"{a:1}"', '""', '5', 'true', '"\\"\ud800\\""']],
  [{ kind: 'binary' }, 'must be bytes in hex', ['"0"', '"0xf"', '"zz"', '"0x0x00"', '12']],
  [{ kind: 'string' }, 'must be text of valid Unicode', ['"\\ud83d"', 'true', '{}', '[]']],
  [{ kind: 'string', max: 2 }, 'must be text of at most 2 characters', ['"abc"', '"😀😀😀"', '123']],
  [
    { kind: 'list', of: { kind: 'integer' } },
    'must be a one-dimensional array that starts at 1',
    ['"{{1,2},{3,4}}"', '"[0:1]={1,2}"', '"1,2"', '7', '{}'],
  ],
  [
    { kind: 'list', of: { kind: 'integer' } },
    '[1] must be a 32-bit integer',
    ['"{1,x}"', '[1,"x"]', '[1,[2]]'],
  ],
]
