import { expect, expectTypeOf, test } from 'vitest'
import { col, type Row, type Table, table } from '#contract'

const shifts = table({
  name: 'hr.shifts',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Shifts, one row each.',
  source: { system: 'hr', table: 'public.shifts' },
  primaryKey: ['id'],
  partitionBy: { starts_on: 'day' },
  unknownFields: 'keep',
  columns: {
    id: col.bigint('Number of the shift'),
    starts_on: col.date('First day'),
    minutes: col.integer('Length', { nullable: true, min: 0 }),
    status: col.enum(['open', 'done'], 'State'),
    cost: col.decimal(12, 2, 'Cost', { nullable: true }),
    note: col.string('Text', { nullable: true, pii: 'free-text' }),
    proof: col.binary('Signature'),
    known: col.string('Text', { nullable: false }),
  },
})

/* What only the compiler sees; the calls are never made. */
const base = {
  name: 'hr.shifts',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Shifts, one row each.',
  source: { system: 'hr', table: 'public.shifts' },
  unknownFields: 'keep',
} as const
const columns = {
  id: col.bigint('Number'),
  maybe: col.bigint('Number', { nullable: true }),
  day: col.date('Day', { nullable: true }),
}
const rejected: readonly (() => Table)[] = [
  // @ts-expect-error a key column is never null
  () => table({ ...base, primaryKey: ['maybe'], columns }),
  // @ts-expect-error the second key column neither
  () => table({ ...base, primaryKey: ['id', 'maybe'], columns }),
  // @ts-expect-error a key has a column
  () => table({ ...base, primaryKey: [], columns }),
  // @ts-expect-error a key is made of columns
  () => table({ ...base, primaryKey: ['gone'], columns }),
  // @ts-expect-error a partition column is never null
  () => table({ ...base, primaryKey: ['id'], partitionBy: { day: 'day' }, columns }),
  // @ts-expect-error a lake name has a domain
  () => table({ ...base, name: 'shifts', primaryKey: ['id'], columns }),
  // @ts-expect-error a contract has an owner
  () => table({ ...base, owner: undefined, primaryKey: ['id'], columns }),
  // @ts-expect-error a contract decides about unknown fields
  () => table({ ...base, unknownFields: undefined, primaryKey: ['id'], columns }),
  // @ts-expect-error the description is there
  () => table({ ...base, primaryKey: ['id'], columns: { id: col.bigint() } }),
  // @ts-expect-error text has no bounds
  () => table({ ...base, primaryKey: ['id'], columns: { id: col.string('Text', { min: 1 }) } }),
  // @ts-expect-error a class of personal data is one of the list
  () => table({ ...base, primaryKey: ['id'], columns: { id: col.string('Text', { pii: 'secret' }) } }),
]

test('a row has the types of its columns, null only where the contract says so', () => {
  expectTypeOf<Row<typeof shifts>>().toEqualTypeOf<{
    readonly id: bigint
    readonly starts_on: string
    readonly minutes: number | null
    readonly status: 'open' | 'done'
    readonly cost: string | null
    readonly note: string | null
    readonly proof: Uint8Array
    readonly known: string
  }>()
  expect(Object.keys(shifts.columns)).toEqual([
    'id',
    'starts_on',
    'minutes',
    'status',
    'cost',
    'note',
    'proof',
    'known',
  ])
})

test('what the compiler rejects stays listed', () => {
  expect(rejected).toHaveLength(11)
})

test('a table with its types is a table', () => {
  expectTypeOf(shifts).toExtend<Table>()
  expect(shifts.partitionBy).toEqual({ starts_on: 'day' })
})

test('options that are left out are their defaults', () => {
  expect(shifts.columns.note).toMatchObject({ nullable: true, pii: 'free-text', treatment: 'mask' })
  expect(shifts.columns.id).toMatchObject({ nullable: false, treatment: 'clear' })
})
