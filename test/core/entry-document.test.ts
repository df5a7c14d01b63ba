import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stateOf } from '../../aws/glue/entry-parameters.ts'
import { type ColumnType, typeName } from '../../core/contract/value/type.ts'
import { catalogTableDocument } from '../../core/ports/entry-document.ts'
import { athenaType } from '../../glue/athena-type.ts'
import { duckdbType } from '../../lake/sql/duckdb-type.ts'
import { runs } from '../support/budget.ts'

const simple = (
  [
    ...['bigint', 'integer', 'smallint', 'double', 'real', 'boolean', 'date', 'timestamp'],
    ...['timestampMicros', 'time', 'uuid', 'json', 'binary', 'string'],
  ] as const
).map((kind): ColumnType => ({ kind }))

const { anyType } = fc.letrec<{ anyType: ColumnType }>((tie) => ({
  anyType: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      ...simple,
      { kind: 'string', max: 40 },
      { kind: 'decimal', precision: 38, scale: 0 },
      { kind: 'enum', values: ['a, b', ')', '<'] },
      { kind: 'enum', values: ['c'], unknown: 'keep' },
    ),
    tie('anyType').map((of): ColumnType => ({ kind: 'list', of })),
    fc
      .dictionary(fc.constantFrom('day', 'decimal', 'struct', 'a_1'), tie('anyType'), { minKeys: 1 })
      .map((fields): ColumnType => ({ kind: 'struct', fields, unknown: 'drop' })),
  ),
}))

const table = {
  name: 'w.shifts',
  version: 1,
  description: 'Shifts',
  owner: 'tests',
  source: 'public.shifts',
  primaryKey: ['v'],
  location: 'lake/w/shifts_v1_history',
  baseLocation: 'lake/w/shifts_v1_base',
  basePartitions: [],
}

/* As version 0.1 wrote it. */
const former = (type: ColumnType) => ({
  ...table,
  columns: [
    {
      name: 'v',
      type: athenaType(type),
      contractType: typeName(type),
      description: 'V',
      contractColumn: 'v',
    },
  ],
})
const written = {
  ...table,
  columns: [
    {
      name: 'plan',
      type: 'array<struct<at:timestamp,cost:decimal(9,2),tags:array<string>>>',
      contractType: 'list<struct<at:timestamp,cost:decimal(9,2)?,tags:list<uuid>>>',
      description: 'Plan',
      contractColumn: 'plan',
    },
    { name: 'key', type: 'string', contractType: 'uuid', description: 'Key', contractColumn: 'key' },
  ],
}
const read = [
  {
    kind: 'list',
    of: {
      kind: 'struct',
      fields: {
        at: { kind: 'timestamp' },
        cost: { kind: 'decimal', precision: 9, scale: 2 },
        tags: { kind: 'list', of: { kind: 'string' } },
      },
    },
  },
  { kind: 'uuid' },
]

test('a column type is the same after it was stored', () => {
  fc.assert(
    fc.property(anyType, (type) => {
      const field = { name: 'v', type, description: 'V', contractColumn: 'v' }
      const stored = JSON.parse(JSON.stringify({ ...table, columns: [field] }))
      expect(catalogTableDocument.parse(stored).columns[0]?.type).toEqual(type)
    }),
    { numRuns: runs(200) },
  )
})

test('a column of version 0.1 is read as what its files are', () => {
  fc.assert(
    fc.property(anyType, (type) => {
      const found = catalogTableDocument.parse(former(type)).columns[0]?.type
      if (found === undefined) throw new Error('no column')
      expect([athenaType(found), duckdbType(found)]).toEqual([athenaType(type), duckdbType(type)])
      expect(found.kind === 'uuid').toBe(type.kind === 'uuid')
    }),
    { numRuns: runs(200) },
  )
})

test.each([
  ...['', 'char', 'array<int', 'array(int)', 'array<int>>', 'struct<a>', 'struct<a:int', 'struct<a:int,>'],
  ...['struct<>', 'decimal(9)', 'int int'],
])('a column of the type %j is refused', (type) => {
  const column = { name: 'v', type, contractType: 'string', description: 'V', contractColumn: 'v' }
  expect(catalogTableDocument.safeParse({ ...table, columns: [column] }).success).toBe(false)
})

test('a Glue table of version 0.1 has its columns', () => {
  const parameters = { 'tidemark.format': '1', 'tidemark.table': JSON.stringify(written) }
  const more = { 'tidemark.floors': '[]', 'tidemark.revisions': '[]' }
  const state = stateOf('shifts_v1_history', { ...parameters, ...more })
  expect(state?.table.columns.map(({ type }) => type)).toEqual(read)
})
