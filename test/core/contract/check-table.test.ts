import { describe, expect, test } from 'vitest'
import { checkTable } from '../../../core/contract/check/check-table.ts'
import { table } from '../../../core/contract/check/define-table.ts'
import { rules } from '../../../core/contract/check/rules.ts'
import { type Column, col } from '../../../core/contract/language/column.ts'
import type { RowCheck } from '../../../core/contract/language/row-check.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { PipelineError } from '../../../core/failures/failures.ts'

const sound: Table = {
  name: 'hr.shifts',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Shifts, one row each.',
  source: { system: 'hr', table: 'public.shifts' },
  primaryKey: ['id'],
  partitionBy: {},
  unknownFields: 'keep',
  columns: { id: col.bigint('Number of the shift') },
}

function withColumns(columns: Readonly<Record<string, Column>>, rest: Partial<Table> = {}): Table {
  return { ...sound, ...rest, columns: { ...sound.columns, ...columns } }
}

/* As data, which TypeScript has not seen. */
const column = (type: ColumnType, rest: Partial<Column> = {}): Column => ({
  type,
  description: 'Any',
  nullable: false,
  treatment: 'clear',
  ...rest,
})

function lines(contract: Table): readonly string[] {
  return checkTable(contract).map(({ rule, path, message }) => `${rule} ${path}: ${message}`)
}

const deep = (levels: number): ColumnType =>
  levels === 0 ? { kind: 'string' } : { kind: 'list', of: deep(levels - 1) }

const check = (rest: Partial<RowCheck>): RowCheck => ({ name: 'c', left: 'a', is: '>', ...rest })
const pair = { a: col.integer('Any'), b: col.decimal(9, 2, 'Any'), c: col.double('Any'), d: col.json('Any') }

const tableCases: readonly (readonly [string, Table])[] = [
  ['T101 name: must be domain.table in lower case', { ...sound, name: 'Shifts' }],
  ['T101 name: must be domain.table in lower case', { ...sound, name: 'hr.shifts.v1' }],
  ['T102 version: must be 1 or more', { ...sound, version: 0 }],
  ['T102 version: must be 1 or more', { ...sound, version: 1.5 }],
  ['T103 owner: is empty', { ...sound, owner: ' ' }],
  ['T104 description: is empty', { ...sound, description: '' }],
  ...['orders', 'public.a.b', 'public."a'].map(
    (table) =>
      [
        'T105 source.table: is not schema.table; a part with a dot, a quote or a star is in double quotes: "app.v2".users',
        { ...sound, source: { ...sound.source, table } },
      ] as const,
  ),
  ['T111 primaryKey: is empty', { ...sound, primaryKey: [] }],
  ['T112 primaryKey: names a column twice', { ...sound, primaryKey: ['id', 'id'] }],
  ['T113 primaryKey: there is no column gone', { ...sound, primaryKey: ['gone'] }],
  ['T113 primaryKey: there is no column constructor', { ...sound, primaryKey: ['constructor'] }],
  ['T121 partitionBy.gone: there is no such column', { ...sound, partitionBy: { gone: 'day' } }],
  [
    'T121 partitionBy.toString: there is no such column',
    { ...sound, partitionBy: { toString: 'day' } as Table['partitionBy'] },
  ],
  [
    'T123 partitionBy.id: day and month are of a date or a timestamp',
    { ...sound, partitionBy: { id: 'day' } },
  ],
  ['T124 partitionBy.id: must have 1 to 1024 buckets', { ...sound, partitionBy: { id: { bucket: 0 } } }],
  ['T124 partitionBy.id: must have 1 to 1024 buckets', { ...sound, partitionBy: { id: { bucket: 1025 } } }],
  [
    'T122 partitionBy.x: must never be null',
    withColumns({ x: col.date('Any', { nullable: true }) }, { partitionBy: { x: 'month' } }),
  ],
  [
    'T122 partitionBy.x: must be clear, not mask',
    withColumns({ x: col.date('Any', { pii: 'birth-date' }) }, { partitionBy: { x: 'month' } }),
  ],
  [
    'T123 partitionBy.x: day and month are of a date or a timestamp',
    withColumns({ x: col.date('Any', { beyond: 'text' }) }, { partitionBy: { x: 'day' } }),
  ],
  [
    'T125 partitionBy.x: a double has no bucket',
    withColumns({ x: col.double('Any') }, { partitionBy: { x: { bucket: 4 } } }),
  ],
  [
    'T126 partitionBy.x: x_day is the lake name of a column',
    withColumns({ x: col.date('Any'), x_day: col.integer('Any') }, { partitionBy: { x: 'day' } }),
  ],
  [
    'T401 checks[0]: a check needs a name of its own',
    withColumns(pair, { checks: [check({ name: ' ', right: 'b' })] }),
  ],
  [
    'T401 checks[1]: a check needs a name of its own',
    withColumns(pair, { checks: [check({ right: 'b' }), check({ right: 'b' })] }),
  ],
  [
    'T402 checks[0]: there is no column gone',
    withColumns(pair, { checks: [check({ left: 'gone', right: 'b' })] }),
  ],
  ['T402 checks[0]: there is no column gone', withColumns(pair, { checks: [check({ right: 'gone' })] })],
  ['T403 checks[0]: a and c have no common order', withColumns(pair, { checks: [check({ right: 'c' })] })],
  ['T403 checks[0]: d has no order', withColumns(pair, { checks: [check({ left: 'd', right: 'd' })] })],
  [
    'T403 checks[0]: a has no order',
    withColumns({ a: col.integer('Any', { beyond: 'text' }) }, { checks: [check({ value: 1 })] }),
  ],
  ['T404 checks[0]: needs right or value, and not both', withColumns(pair, { checks: [check({})] })],
  [
    'T404 checks[0]: needs right or value, and not both',
    withColumns(pair, { checks: [check({ right: 'b', value: 1 })] }),
  ],
  [
    'T405 checks[0]: the literal is no value of integer',
    withColumns(pair, { checks: [check({ value: 'many' })] }),
  ],
  [
    'T406 checks[0]: is must be one of = != < <= > >=',
    withColumns(pair, { checks: [{ ...check({ right: 'b' }), is: '~' as RowCheck['is'] }] }),
  ],
]

test('a sound contract has no faults', () => {
  expect(checkTable(sound)).toEqual([])
})

test.each(tableCases)('a contract is told: %s', (line, contract) => {
  expect(lines(contract)).toEqual([line])
})

const columnCases: readonly (readonly [string, string, Column])[] = [
  ['Note', 'T201 a column name is lower case letters, digits and _', col.string('Text of the planner')],
  ['_op', 'T201 a column name is lower case letters, digits and _', col.string('Text of the planner')],
  ['2fa', 'T201 a column name is lower case letters, digits and _', col.string('Text of the planner')],
  ['a'.repeat(64), 'T201 a column name is lower case letters, digits and _', col.string('Any')],
  ['ingest_date', 'T202 ingest_date is the lake name of another column or of a partition', col.date('Day')],
  ['id_micros', 'T202 id_micros is the lake name of another column or of a partition', col.bigint('Number')],
  ['x', 'T203 description is empty', col.string('')],
  ['x', 'T204 treatment without pii', col.string('Text', { treatment: 'drop' })],
  ['x', 'T205 double cannot be hashed', col.double('Weight', { pii: 'nir' })],
  ['x', 'T205 timestamp cannot be hashed', col.timestamp('When', { pii: 'nir' })],
  ['x', 'T205 real cannot be tokenised', col.real('Weight', { pii: 'nir', treatment: 'tokenise' })],
  [
    'x',
    'T205 struct<a:string> cannot be hashed',
    col.struct({ a: { kind: 'string' } }, 'Any', { pii: 'email' }),
  ],
  ['x', 'T206 bigint cannot be masked', col.bigint('Number', { pii: 'phone' })],
  ['x', 'T206 string cannot be masked', col.string('Day', { pii: 'birth-date' })],
  ['x', 'T206 string cannot be masked', col.date('Day', { pii: 'birth-date', beyond: 'text' })],
  ['x', 'T207 NaN is no plain bound', col.integer('Minutes', { min: Number.NaN })],
  ['x', 'T207 1e+21 is no plain bound', col.double('Weight', { max: 1e21 })],
  ['x', 'T208 min is above max', col.integer('Minutes', { min: 2, max: 1 })],
  ['x', 'T209 a string has no bounds', column({ kind: 'string' }, { min: 1 })],
  ['x', 'T211 beyond: clamp is not for uuid', column({ kind: 'uuid' }, { beyond: 'clamp' })],
  ['x', 'T211 beyond: text is not for json', column({ kind: 'json' }, { beyond: 'text' })],
  [
    'x',
    'T211 beyond: null is not for string',
    column({ kind: 'string' }, { beyond: 'null', nullable: true }),
  ],
  ['x', 'T212 beyond: null on a column that is never null', column({ kind: 'date' }, { beyond: 'null' })],
  ['x', 'T213 a bound is no value of integer', col.integer('Any', { min: 0.5, beyond: 'clamp' })],
  ['x', 'T213 a bound is no value of decimal(4,1)', col.decimal(4, 1, 'Any', { max: 0.25, beyond: 'clamp' })],
  ['x', 'T214 the default is no value of date within its bounds', col.date('Any', { default: '2023-02-29' })],
  [
    'x',
    'T214 the default is no value of integer within its bounds',
    col.integer('Any', { max: 5, default: 6 }),
  ],
  [
    'x',
    'T214 the default is no value of integer within its bounds',
    col.integer('Any', { max: 5, default: 6, beyond: 'clamp' }),
  ],
  [
    'x',
    'T214 the default is no value of list<string> within its bounds',
    column({ kind: 'list', of: { kind: 'string' } }, { default: '[]' }),
  ],
  ['x', 'T301 decimal(39,0) is no decimal of 38 digits or fewer', col.decimal(39, 0, 'Pay')],
  ['x', 'T301 decimal(0,0) is no decimal of 38 digits or fewer', col.decimal(0, 0, 'Pay')],
  ['x', 'T301 decimal(2,3) is no decimal of 38 digits or fewer', col.decimal(2, 3, 'Pay')],
  ['x', 'T301 decimal(2,-1) is no decimal of 38 digits or fewer', col.decimal(2, -1, 'Pay')],
  ['x', 'T302 enum values must be distinct, at least one', col.enum([], 'State')],
  ['x', 'T302 enum values must be distinct, at least one', col.enum(['a', 'a'], 'State')],
  ['x', 'T303 max must be 1 or more', col.varchar(0, 'Text')],
  ['x', 'T303 max must be 1 or more', col.varchar(1.5, 'Text')],
  ['x[]', 'T303 max must be 1 or more', col.list({ kind: 'string', max: 0 }, 'Skills')],
  ['x[]', 'T304 microseconds need a column of their own', col.list({ kind: 'timestampMicros' }, 'Times')],
  [
    'x.at',
    'T304 microseconds need a column of their own',
    col.struct({ at: { kind: 'timestampMicros' } }, 'Times'),
  ],
  ['x', 'T305 a struct has no fields', col.struct({}, 'Nothing')],
  [
    'x.At',
    'T306 a field name is lower case letters, digits and _',
    col.struct({ At: { kind: 'date' } }, 'Times'),
  ],
  ['x[][][][][][][][][]', 'T307 is nested deeper than 8 levels', col.list(deep(8), 'Deep')],
  [
    'x',
    'T308 two fields read one member',
    col.struct({ a: { kind: 'date' }, b: { kind: 'string', from: 'a' } }, 'Twice'),
  ],
]

test.each(columnCases)('column %s is told: %s', (path, line, given) => {
  const name = /^\w+/.exec(path)?.[0] ?? ''
  const id = name === 'id_micros' ? { id: col.timestampMicros('Instant that is the key') } : {}
  const [rule = '', ...words] = line.split(' ')
  expect(lines(withColumns({ ...id, [name]: given }))).toEqual([
    `${rule} columns.${path}: ${words.join(' ')}`,
  ])
})

const keyCases: readonly (readonly [string, Column])[] = [
  ['T114 a key column is never null', col.bigint('Number', { nullable: true })],
  ['T115 a json cannot be a key', col.json('Document')],
  ['T115 a binary cannot be a key', col.binary('Bytes')],
  ['T115 a list cannot be a key', col.list({ kind: 'string' }, 'Skills')],
  ['T115 a struct cannot be a key', col.struct({ a: { kind: 'string' } }, 'Document')],
  [
    'T116 a key may be clear, hashed or tokenised, mask would merge rows',
    col.string('Name', { pii: 'name' }),
  ],
  [
    'T116 a key may be clear, hashed or tokenised, drop would merge rows',
    col.string('Name', { pii: 'name', treatment: 'drop' }),
  ],
  ['T117 a key of type timestamp would lose microseconds; use timestampMicros', col.timestamp('When')],
  ['T118 a clamped key would merge rows', col.bigint('Number', { beyond: 'clamp' })],
  ['T119 a key has no default', col.bigint('Number', { default: 0n })],
]

describe('keys', () => {
  test.each(keyCases)('G3: a key column is told: %s', (line, given) => {
    const [rule = '', ...words] = line.split(' ')
    expect(lines({ ...sound, columns: { id: given } })).toEqual([`${rule} columns.id: ${words.join(' ')}`])
  })

  test.each([
    ['hashed', col.string('Address', { pii: 'email' })],
    ['tokenised', col.string('Address', { pii: 'email', treatment: 'tokenise' })],
    ['kept as text where it does not fit', col.bigint('Number', { beyond: 'text' })],
  ])('a key may be %s', (_, given) => {
    expect(checkTable({ ...sound, columns: { id: given } })).toEqual([])
  })

  test('columns named like what every object inherits are columns like others', () => {
    const columns = { constructor: col.bigint('Number of the builder') }
    expect(checkTable({ ...sound, columns, primaryKey: ['constructor'] })).toEqual([])
  })
})

test('every rule of the table of rules is one that some contract breaks', () => {
  const named = [
    ...tableCases.map(([line]) => line),
    ...columnCases.map(([, line]) => line),
    ...keyCases.map(([line]) => line),
  ].map((line) => line.split(' ')[0])
  expect([...new Set(named)].sort()).toEqual(Object.keys(rules).sort())
})

test('table() throws contract/invalid, which names the contract and all its faults', () => {
  const make = () =>
    table({
      name: 'hr.shifts',
      version: 1,
      description: 'Shifts, one row each.',
      unknownFields: 'keep',
      source: { system: 'hr', table: 'public.shifts' },
      primaryKey: ['id'],
      owner: '',
      columns: { id: col.bigint('') },
    })
  expect(make).toThrow(PipelineError)
  expect(make).toThrow('hr.shifts v1: T103 owner: is empty; T203 columns.id: description is empty')
})
