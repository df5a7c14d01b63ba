import { expect, test } from 'vitest'
import { inferType, type SourceShapeColumn } from '../../../core/contract/infer/infer-type.ts'
import { typeName } from '../../../core/contract/value/type.ts'

function column(type: string, rest: Partial<SourceShapeColumn> = {}): SourceShapeColumn {
  return { name: 'value', type, kind: 'base', notNull: false, ...rest }
}

function typeOf(type: string, rest: Partial<SourceShapeColumn> = {}): string {
  return typeName(inferType(column(type, rest), false).type)
}

test.each([
  ['smallint', 'smallint'],
  ['integer', 'integer'],
  ['bigint', 'bigint'],
  ['real', 'real'],
  ['double precision', 'double'],
  ['boolean', 'boolean'],
  ['date', 'date'],
  ['timestamp without time zone', 'timestampMicros'],
  ['timestamp with time zone', 'timestampMicros'],
  ['time without time zone', 'time'],
  ['uuid', 'uuid'],
  ['json', 'json'],
  ['jsonb', 'json'],
  ['bytea', 'binary'],
  ['text', 'string'],
  ['public.citext', 'string'],
  ['name', 'string'],
  ['character varying', 'string'],
  ['character', 'string'],
  ['"char"', 'string'],
])('%s is %s', (type, expected) => {
  expect(typeOf(type)).toBe(expected)
})

test.each([
  'time with time zone',
  'interval',
  'money',
  'bit',
  'bit varying',
  'inet',
  'cidr',
  'macaddr',
  'macaddr8',
  'xml',
  'tsvector',
  'tsquery',
  'public.hstore',
  'public.geometry',
  'point',
  'box',
  'oid',
  'pg_lsn',
  'xid8',
  'a type of next year',
])('%s is text, and the note says so', (type) => {
  const { type: inferred, note } = inferType(column(type), false)
  expect(inferred).toEqual({ kind: 'string' })
  expect(note).toBe(`${type} as PostgreSQL prints it`)
})

test.each(['composite', 'range', 'other'] as const)('a %s is text', (kind) => {
  expect(typeOf('public.thing', { kind })).toBe('string')
})

test.each([
  [{ precision: 12, scale: 2 }, 'decimal(12,2)'],
  [{ precision: 38, scale: 38 }, 'decimal(38,38)'],
  [{ precision: 5 }, 'decimal(5,0)'],
  [{ precision: 39, scale: 0 }, 'string'],
  [{ precision: 5, scale: -2 }, 'string'],
  [{ precision: 3, scale: 5 }, 'string'],
  [{}, 'string'],
])('numeric with %o is %s', (modifier, expected) => {
  expect(typeOf('numeric', modifier)).toBe(expected)
})

test.each(['character varying', 'character'])('%s(n) keeps its length', (type) => {
  expect(typeOf(type, { length: 2 })).toBe('string(2)')
})

test('an enum keeps its values, and one without values is text', () => {
  const kind = 'enum'
  expect(typeOf('public.mood', { kind, enumValues: ['sad', 'ok'] })).toBe('enum(sad, ok)')
  expect(typeOf('public.mood', { kind, enumValues: [] })).toBe('string')
})

test.each([
  ['numeric', { precision: 5, scale: 1 }, 'decimal(5,1)'],
  ['character varying', { length: 9 }, 'string(9)'],
  ['integer', {}, 'integer'],
  ['text[]', {}, 'list<string>'],
  ['inet', {}, 'string'],
  ['public.mood', { enumValues: ['ok'] }, 'enum(ok)'],
])('a domain over %s with %o is %s', (elementType, rest, expected) => {
  expect(typeOf('public.d', { kind: 'domain', elementType, ...rest })).toBe(expected)
})

test('a domain whose base is not known is text', () => {
  expect(typeOf('public.d', { kind: 'domain' })).toBe('string')
})

test.each([
  ['text', 'list<string>'],
  ['bigint', 'list<bigint>'],
  ['boolean', 'list<boolean>'],
  ['uuid', 'list<uuid>'],
  ['jsonb', 'list<json>'],
  ['numeric', 'list<string>'],
  ['timestamp with time zone', 'list<string>'],
  ['box', 'string'],
  ['public.mood', 'string'],
  ['int4range', 'string'],
])('an array of %s is %s', (elementType, expected) => {
  expect(typeOf(`${elementType}[]`, { kind: 'array', elementType })).toBe(expected)
})
