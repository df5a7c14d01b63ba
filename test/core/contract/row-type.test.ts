import { expect, expectTypeOf, test } from 'vitest'
import { type Column, col, type Row, type Table, table } from '#contract'

const shifts = table({
  name: 'hr.shifts',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Shifts, one row each.',
  source: { system: 'hr', table: 'public.shifts' },
  primaryKey: ['id'],
  partitionBy: { starts_on: 'day', id: { bucket: 16 } },
  unknownFields: 'keep',
  checks: [
    { name: 'ends after it starts', left: 'ends_on', is: '>=', right: 'starts_on' },
    { name: 'known numbers', left: 'id', is: '>', value: 9_007_199_254_740_993n },
    { name: 'paid by the minute', left: 'cost', is: '>=', right: 'minutes' },
  ],
  columns: {
    id: col.bigint('Number of the shift'),
    starts_on: col.date('First day'),
    ends_on: col.date('Last day', { nullable: true, beyond: 'null' }),
    minutes: col.integer('Length', { nullable: true, min: 0, default: 0 }),
    status: col.enum(['open', 'done'], 'State', { default: 'open' }),
    origin: col.enum(['app', 'web'], 'Where it was made', { unknown: 'keep' }),
    cost: col.decimal(12, 2, 'Cost', { nullable: true }),
    note: col.string('Text', { nullable: true, pii: 'free-text' }),
    proof: col.binary('Signature'),
    known: col.string('Text', { nullable: false }),
    level: col.integer('Rank', { beyond: 'text' }),
    marks: col.list({ kind: 'bigint' }, 'Numbers'),
    plan: col.struct(
      {
        lead: { kind: 'string', nullable: true },
        breaks: {
          kind: 'list',
          of: {
            kind: 'struct',
            fields: { from: { kind: 'time' }, paid: { kind: 'boolean', nullable: true } },
          },
        },
        kind: { kind: 'enum', values: ['day', 'night'] },
      },
      'Plan',
      { nullable: true },
    ),
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
  born_on: col.date('Day', { pii: 'birth-date' }),
  known_on: col.date('Day', { pii: 'birth-date', treatment: 'clear' }),
  cost: col.decimal(9, 2, 'Cost'),
  weight: col.double('Weight'),
  text: col.integer('Number', { beyond: 'text' }),
  doc: col.json('Document'),
}
const key = { ...base, primaryKey: ['id'], columns } as const
const rejectedTables: readonly (() => Table)[] = [
  // @ts-expect-error a key column is never null
  () => table({ ...base, primaryKey: ['maybe'], columns }),
  // @ts-expect-error the second key column neither
  () => table({ ...base, primaryKey: ['id', 'maybe'], columns }),
  // @ts-expect-error a key has a column
  () => table({ ...base, primaryKey: [], columns }),
  // @ts-expect-error a key is made of columns
  () => table({ ...base, primaryKey: ['gone'], columns }),
  // @ts-expect-error a lake name has a domain
  () => table({ ...key, name: 'shifts' }),
  // @ts-expect-error a contract has an owner
  () => table({ ...key, owner: undefined }),
  // @ts-expect-error a contract decides about unknown fields
  () => table({ ...key, unknownFields: undefined }),
  // @ts-expect-error a partition column is never null
  () => table({ ...key, partitionBy: { day: 'day' } }),
  // @ts-expect-error nor for a bucket
  () => table({ ...key, partitionBy: { maybe: { bucket: 4 } } }),
  // @ts-expect-error a partition column is clear: its folder shows it
  () => table({ ...key, partitionBy: { born_on: 'month' } }),
  // @ts-expect-error a number has no day
  () => table({ ...key, partitionBy: { id: 'day' } }),
  // @ts-expect-error a partition is made of columns
  () => table({ ...key, partitionBy: { gone: 'day' } }),
  // @ts-expect-error a check is about columns of the contract
  () => table({ ...key, checks: [{ name: 'c', left: 'gone', is: '=', right: 'id' }] }),
  // @ts-expect-error on both sides
  () => table({ ...key, checks: [{ name: 'c', left: 'id', is: '=', right: 'gone' }] }),
  // @ts-expect-error a number and a day have no common order
  () => table({ ...key, checks: [{ name: 'c', left: 'id', is: '<', right: 'day' }] }),
  // @ts-expect-error an exact number and a float neither
  () => table({ ...key, checks: [{ name: 'c', left: 'cost', is: '<', right: 'weight' }] }),
  // @ts-expect-error a document has no order
  () => table({ ...key, checks: [{ name: 'c', left: 'doc', is: '=', right: 'doc' }] }),
  // @ts-expect-error what is text for some of its values only has none
  () => table({ ...key, checks: [{ name: 'c', left: 'text', is: '=', right: 'id' }] }),
  // @ts-expect-error a literal has the type of its column
  () => table({ ...key, checks: [{ name: 'c', left: 'id', is: '>', value: 5 }] }),
  // @ts-expect-error a check has one other side
  () => table({ ...key, checks: [{ name: 'c', left: 'id', is: '>', right: 'maybe', value: 5n }] }),
  // @ts-expect-error a comparison is one of the list
  () => table({ ...key, checks: [{ name: 'c', left: 'id', is: '~', right: 'maybe' }] }),
]

const rejectedColumns: readonly (() => Column)[] = [
  // @ts-expect-error the description is there
  () => col.bigint(),
  // @ts-expect-error text has no bounds
  () => col.string('Text', { min: 1 }),
  // @ts-expect-error with other options neither
  () => col.string('Text', { nullable: true, min: 1 }),
  // @ts-expect-error a class of personal data is one of the list
  () => col.string('Text', { pii: 'shoe-size' }),
  // @ts-expect-error null for what does not fit needs a column that may be null
  () => col.date('Day', { beyond: 'null' }),
  // @ts-expect-error said outright
  () => col.integer('Number', { beyond: 'null', nullable: false }),
  // @ts-expect-error a UUID has no next one
  () => col.uuid('Number', { nullable: true, beyond: 'clamp' }),
  // @ts-expect-error a text has none either
  () => col.varchar(5, 'Text', { beyond: 'clamp' }),
  // @ts-expect-error a document holds everything
  () => col.json('Document', { nullable: true, beyond: 'null' }),
  // @ts-expect-error an enum has `unknown` for it
  () => col.enum(['a'], 'State', { nullable: true, beyond: 'null' }),
  // @ts-expect-error values of an enum are kept or quarantined
  () => col.enum(['a'], 'State', { unknown: 'drop' }),
  // @ts-expect-error members of a struct are dropped or quarantined
  () => col.struct({ a: { kind: 'date' } }, 'Document', { unknown: 'keep' }),
  // @ts-expect-error the default of a number is a number
  () => col.integer('Number', { default: '0' }),
  // @ts-expect-error of a 64-bit one a bigint
  () => col.bigint('Number', { default: 0 }),
  // @ts-expect-error of an enum one of its values
  () => col.enum(['a'], 'State', { default: 'b' }),
  // @ts-expect-error a list has no default
  () => col.list({ kind: 'string' }, 'Labels', { default: [] }),
  // @ts-expect-error a field has a type
  () => col.struct({ a: { kind: 'money' } }, 'Document'),
]

test('a row has the types of its columns, null only where the contract says so', () => {
  expectTypeOf<Row<typeof shifts>>().toEqualTypeOf<{
    readonly id: bigint
    readonly starts_on: string
    readonly ends_on: string | null
    readonly minutes: number | null
    readonly status: 'open' | 'done'
    readonly origin: string
    readonly cost: string | null
    readonly note: string | null
    readonly proof: Uint8Array
    readonly known: string
    readonly level: string
    readonly marks: readonly (bigint | null)[]
    readonly plan: {
      readonly lead: string | null
      readonly breaks: readonly ({ readonly from: string; readonly paid: boolean | null } | null)[]
      readonly kind: 'day' | 'night'
    } | null
  }>()
  expect(Object.keys(shifts.columns)).toHaveLength(13)
})

test('what the compiler rejects stays listed', () => {
  expect(rejectedTables).toHaveLength(21)
  expect(rejectedColumns).toHaveLength(17)
})

test('personal data that stays clear by the contract may be partitioned by', () => {
  const made = table({ ...key, partitionBy: { known_on: 'month' } })
  expect(made.partitionBy).toEqual({ known_on: 'month' })
})

test('a table with its types is a table, and JSON but for its functions', () => {
  expectTypeOf(shifts).toExtend<Table>()
  expect(shifts.partitionBy).toEqual({ starts_on: 'day', id: { bucket: 16 } })
  expect(JSON.parse(JSON.stringify(shifts))).toEqual(shifts)
})

test('options that are left out are their defaults', () => {
  expect(shifts.columns.note).toMatchObject({ nullable: true, pii: 'free-text', treatment: 'mask' })
  expect(shifts.columns.id).toMatchObject({ nullable: false, treatment: 'clear' })
  expect(col.date('Day', { beyond: 'quarantine' })).toEqual(col.date('Day'))
})
