import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { compareShapes } from '../../../core/contract/evolution/compare-shapes.ts'
import { type EvolutionRuleId, evolutionRules } from '../../../core/contract/evolution/evolution-rules.ts'
import { shapeTable, tableShape } from '../../../core/contract/evolution/shape.ts'
import { type Column, col } from '../../../core/contract/language/column.ts'
import { lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import type { Columns, Table } from '../../../core/contract/language/table.ts'
import { runs } from '../../support/budget.ts'
import { anyShape, ordersWith } from './any-shape.ts'

interface Case {
  readonly title: string
  readonly before: Table
  readonly after: Table
  /** Rules it breaks; none for an additive change. */
  readonly rules: readonly EvolutionRuleId[]
}

const columns = (before: Columns, after: Columns) => ({
  before: ordersWith(before),
  after: ordersWith(after),
})
const one = (before: Column, after: Column) => columns({ value: before }, { value: after })
const tables = (before: Partial<Table>, after: Partial<Table>) => ({
  before: ordersWith({}, before),
  after: ordersWith({}, after),
})

const a = col.string('First')
const b = col.string('Second')
const day = col.date('Day')
const check = (value: number) =>
  [{ name: 'is dear', left: 'order_id', is: '>', value: String(value) }] as const

const cases: readonly Case[] = [
  {
    title: 'a new nullable column at the end',
    ...columns({ a }, { a, b: col.string('b', { nullable: true }) }),
    rules: [],
  },
  { title: 'a wider bound', ...one(col.integer('x', { min: 5 }), col.integer('x', { min: 0 })), rules: [] },
  { title: 'a bound that is gone', ...one(col.integer('x', { max: 5 }), col.integer('x')), rules: [] },
  { title: 'one more value of an enum', ...one(col.enum(['a'], 'x'), col.enum(['a', 'b'], 'x')), rules: [] },
  { title: 'a longer text', ...one(col.varchar(5, 'x'), col.varchar(6, 'x')), rules: [] },
  { title: 'an enum that became text', ...one(col.enum(['a'], 'x'), col.string('x')), rules: [] },
  { title: 'a check that is gone', ...one(col.string('x', { check: z.string().min(1) }), a), rules: [] },
  { title: 'a check across columns that is gone', ...tables({ checks: check(1) }, {}), rules: [] },
  { title: 'unknown fields that are kept', ...tables({ unknownFields: 'quarantine' }, {}), rules: [] },
  {
    title: 'a default that was not there',
    ...one(col.integer('x'), col.integer('x', { default: 1 })),
    rules: [],
  },
  { title: 'a removed column', ...columns({ a, b }, { b }), rules: ['Q101'] },
  { title: 'a renamed column', ...columns({ a }, { b: col.string('b', { from: 'a' }) }), rules: ['Q102'] },
  { title: 'columns in another order', ...columns({ a, b }, { b, a }), rules: ['Q103'] },
  { title: 'another key', ...tables({}, { primaryKey: ['order_id', 'line'] }), rules: ['Q104'] },
  {
    title: 'another partitioning',
    before: ordersWith({ day }, { partitionBy: { day: 'day' } }),
    after: ordersWith({ day }, { partitionBy: { day: 'month' } }),
    rules: ['Q105'],
  },
  { title: 'not null that may be null', ...one(a, col.string('x', { nullable: true })), rules: ['Q106'] },
  {
    title: 'another class of personal data',
    ...one(col.string('x', { pii: 'name' }), col.string('x', { pii: 'address' })),
    rules: ['Q107'],
  },
  {
    title: 'a new column in the middle',
    ...columns({ b }, { a: col.string('a', { nullable: true }), b }),
    rules: ['Q108'],
  },
  { title: 'another source column', ...one(a, col.string('x', { from: 'other' })), rules: ['Q110'] },
  { title: 'unknown fields that are dropped', ...tables({}, { unknownFields: 'drop' }), rules: ['Q111'] },
  { title: 'another precision', ...one(col.decimal(12, 2, 'x'), col.decimal(14, 2, 'x')), rules: ['F201'] },
  { title: 'a wider integer', ...one(col.integer('x'), col.bigint('x')), rules: ['F201'] },
  {
    title: 'a list of something else',
    ...one(col.list({ kind: 'uuid' }, 'x'), col.list({ kind: 'date' }, 'x')),
    rules: ['F201'],
  },
  {
    title: 'nullable that must not be null',
    ...one(col.string('x', { nullable: true }), a),
    rules: ['I301'],
  },
  { title: 'a new column that is never null', ...columns({ a }, { a, b }), rules: ['I302'] },
  {
    title: 'a tighter bound',
    ...one(col.integer('x', { min: 0 }), col.integer('x', { min: 1 })),
    rules: ['I303'],
  },
  { title: 'a bound that is new', ...one(col.integer('x'), col.integer('x', { max: 9 })), rules: ['I303'] },
  {
    title: 'a value of an enum that is gone',
    ...one(col.enum(['a', 'b'], 'x'), col.enum(['b', 'c'], 'x')),
    rules: ['I304'],
  },
  { title: 'a check that is new', ...one(a, col.string('x', { check: z.string().min(1) })), rules: ['I305'] },
  {
    title: 'a check across columns that changed',
    ...tables({ checks: check(1) }, { checks: check(2) }),
    rules: ['I305'],
  },
  { title: 'a shorter text', ...one(col.varchar(6, 'x'), col.varchar(5, 'x')), rules: ['I306'] },
  { title: 'text that became a UUID', ...one(a, col.uuid('x')), rules: ['I306'] },
  {
    title: 'unknown fields that are refused',
    ...tables({}, { unknownFields: 'quarantine' }),
    rules: ['I307'],
  },
  {
    title: 'another source table',
    ...tables({}, { source: { system: 'x', table: 'a.b' } }),
    rules: ['I308'],
  },
  {
    title: 'another default',
    ...one(col.integer('x', { default: 1 }), col.integer('x', { default: 2 })),
    rules: ['I309'],
  },
]

describe('a released version that changes', () => {
  test.each(cases)('$title: $rules', ({ before, after, rules }) => {
    const change = compareShapes(tableShape(before), tableShape(after))
    expect(change.kind).toBe(rules.length === 0 ? 'additive' : 'breaking')
    expect(change.kind === 'breaking' ? change.hits.map(({ rule }) => rule) : []).toEqual(rules)
  })

  test('every rule that two shapes can break has a case', () => {
    const elsewhere: readonly string[] = ['Q109', 'F202', 'F203']
    const covered = new Set<string>([...cases.flatMap(({ rules }) => rules), ...elsewhere])
    expect(Object.keys(evolutionRules).filter((rule) => !covered.has(rule))).toEqual([])
  })
})

test('a shape compared with itself is the same', () => {
  fc.assert(
    fc.property(anyShape, (shape) => {
      expect(compareShapes(shape, shape)).toEqual({ kind: 'same' })
    }),
    { numRuns: runs(50) },
  )
})

test('after an additive change every lake column of before stands where it stood, with its type', () => {
  let additive = 0
  fc.assert(
    fc.property(anyShape, anyShape, fc.boolean(), (before, other, isExtension) => {
      /* Two unrelated shapes are hardly ever additive; one that continues the other often is. */
      const more = other.columns.filter(({ name }) => before.columns.every((column) => column.name !== name))
      const after = isExtension ? { ...before, columns: [...before.columns, ...more] } : other
      if (compareShapes(before, after).kind === 'breaking') return
      additive += 1
      const stored = (shape: typeof before) =>
        lakeColumns(shapeTable(shape)).map(({ name, type }) => [
          name,
          type.kind === 'enum' ? 'string' : type.kind,
        ])
      expect(stored(after).slice(0, stored(before).length)).toEqual(stored(before))
    }),
    { numRuns: runs(200) },
  )
  expect(additive).toBeGreaterThan(0)
})
