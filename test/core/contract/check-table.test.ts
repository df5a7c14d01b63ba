import { describe, expect, test } from 'vitest'
import { checkTable } from '../../../core/contract/check-table.ts'
import { type Column, col } from '../../../core/contract/column.ts'
import { type Table, table } from '../../../core/contract/table.ts'
import { PipelineError } from '../../../core/failures.ts'

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

test('a sound contract has no faults', () => {
  expect(checkTable(sound)).toEqual([])
})

test.each<[string, Partial<Table>]>([
  ['name must be domain.table in lower case', { name: 'Shifts' }],
  ['name must be domain.table in lower case', { name: 'hr.shifts.v1' }],
  ['version must be 1 or more', { version: 0 }],
  ['version must be 1 or more', { version: 1.5 }],
  ['owner is empty', { owner: ' ' }],
  ['description is empty', { description: '' }],
  ['primaryKey is empty', { primaryKey: [] }],
  ['primaryKey names a column twice', { primaryKey: ['id', 'id'] }],
  ['primaryKey: there is no column gone', { primaryKey: ['gone'] }],
  ['primaryKey: there is no column constructor', { primaryKey: ['constructor'] }],
  ['partitionBy: there is no column gone', { partitionBy: { gone: 'day' } }],
  ['partitionBy: there is no column toString', { partitionBy: { toString: 'day' } as Table['partitionBy'] }],
  ['partitionBy: id must be a clear date or timestamp', { partitionBy: { id: 'day' } }],
])('a contract is told: %s', (fault, part) => {
  expect(checkTable({ ...sound, ...part })).toEqual([fault])
})

const nameRule = 'a column name is lower case letters, digits and _, from a letter, 63 at most'
const bound = { min: 2, max: 1 }

test.each<[string, string, Column]>([
  ['Note', nameRule, col.string('Text of the planner')],
  ['_op', nameRule, col.string('Text of the planner')],
  ['2fa', nameRule, col.string('Text of the planner')],
  ['a'.repeat(64), nameRule, col.string('Text of the planner')],
  ['x', 'description is empty', col.string('')],
  ['x', 'treatment without pii', col.string('Text', { treatment: 'drop' })],
  ['x', 'double cannot be hashed; drop it, or keep it clear', col.double('Weight', { pii: 'nir' })],
  ['x', 'timestamp cannot be hashed; drop it, or keep it clear', col.timestamp('When', { pii: 'nir' })],
  ['x', 'bigint cannot be masked; hash or drop it', col.bigint('Number', { pii: 'phone' })],
  ['x', 'string cannot be masked; hash or drop it', col.string('Day', { pii: 'birth-date' })],
  ['x', 'min is above max', col.integer('Minutes', bound)],
  ['x', 'NaN is no plain bound', col.integer('Minutes', { min: Number.NaN })],
  ['x', '1e+21 is no plain bound', col.double('Weight', { max: 1e21 })],
  ['x', 'decimal(39,0) is not a decimal of 38 digits or fewer', col.decimal(39, 0, 'Pay')],
  ['x', 'decimal(0,0) is not a decimal of 38 digits or fewer', col.decimal(0, 0, 'Pay')],
  ['x', 'decimal(2,3) is not a decimal of 38 digits or fewer', col.decimal(2, 3, 'Pay')],
  ['x', 'decimal(2,-1) is not a decimal of 38 digits or fewer', col.decimal(2, -1, 'Pay')],
  ['x', 'enum values must be distinct, at least one', col.enum([], 'State')],
  ['x', 'enum values must be distinct, at least one', col.enum(['a', 'a'], 'State')],
  ['x', 'max must be 1 or more', col.varchar(0, 'Text')],
  ['x', 'max must be 1 or more', col.varchar(1.5, 'Text')],
  ['x', 'a list of timestampMicros is not supported', col.list({ kind: 'timestampMicros' }, 'Times')],
  [
    'x',
    'a list of list is not supported',
    col.list({ kind: 'list', of: { kind: 'string' } }, 'Lists of skills'),
  ],
  ['x', 'max must be 1 or more', col.list({ kind: 'string', max: 0 }, 'Skills')],
  ['ingest_date', 'ingest_date is the lake name of another column or of a partition', col.date('Day')],
  ['id_micros', 'id_micros is the lake name of another column or of a partition', col.bigint('Number')],
])('column %s is told: %s', (name, fault, column) => {
  const id = name === 'id_micros' ? { id: col.timestampMicros('Instant that is the key') } : {}
  expect(checkTable(withColumns({ ...id, [name]: column }))).toEqual([`${name}: ${fault}`])
})

describe('keys', () => {
  test.each<[string, Column]>([
    ['a key column is never null', col.bigint('Number', { nullable: true })],
    ['a json cannot be a key', col.json('Document')],
    ['a binary cannot be a key', col.binary('Bytes')],
    ['a list cannot be a key', col.list({ kind: 'string' }, 'Skills')],
    ['a key may be clear or hashed, mask would merge rows', col.string('Name', { pii: 'name' })],
    [
      'a key may be clear or hashed, drop would merge rows',
      col.string('Name', { pii: 'name', treatment: 'drop' }),
    ],
    ['a key of type timestamp would lose microseconds; use timestampMicros', col.timestamp('When')],
  ])('G3: a key column is told: %s', (fault, column) => {
    expect(checkTable({ ...sound, columns: { id: column } })).toEqual([`id: ${fault}`])
  })

  test('a hashed key is sound', () => {
    expect(checkTable({ ...sound, columns: { id: col.string('Address', { pii: 'email' }) } })).toEqual([])
  })

  test('columns named like what every object inherits are columns like others', () => {
    const columns = { constructor: col.bigint('Number of the builder') }
    expect(checkTable({ ...sound, columns, primaryKey: ['constructor'] })).toEqual([])
  })
})

test.each<[string, Column]>([
  ['partitionBy: day may be null', col.date('Day', { nullable: true })],
  ['partitionBy: day must be a clear date or timestamp', col.date('Day', { pii: 'birth-date' })],
  ['partitionBy: day must be a clear date or timestamp', col.string('Day')],
])('a partition is told: %s', (fault, day) => {
  expect(checkTable(withColumns({ day }, { partitionBy: { day: 'month' } }))).toEqual([fault])
})

test('table() throws contract/invalid, which names the contract and all its faults', () => {
  const make = () =>
    table({
      ...sound,
      name: 'hr.shifts',
      source: { system: 'hr', table: 'public.shifts' },
      primaryKey: ['id'],
      owner: '',
      columns: { id: col.bigint('') },
    })
  expect(make).toThrow(PipelineError)
  expect(make).toThrow('hr.shifts v1: owner is empty; id: description is empty')
})
