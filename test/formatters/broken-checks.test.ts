import { describe, expect, test } from 'vitest'
import type { CanonicalValue } from '../../core/block.ts'
import type { Change } from '../../core/change.ts'
import { table } from '../../core/contract/check/define-table.ts'
import { type Column, col } from '../../core/contract/language/column.ts'
import { type Comparison, comparisons } from '../../core/contract/language/row-check.ts'
import { decoderOf } from '../../core/contract/value/canonical.ts'
import { parseJsonObject } from '../../core/json.ts'
import { formatPosition } from '../../core/position.ts'
import { brokenChecksOf } from '../../formatters/broken-checks.ts'
import { rowCodec } from '../../formatters/row-codec.ts'

const maskKey = new Uint8Array(32).fill(9)
const position = formatPosition({ epoch: 0, lsn: 9n, ordinal: 1, step: 0 })

/* Which comparisons hold of two values, given as the source writes them. */
function held(left: Column, right: Column, a: string | null, b: string | null): readonly Comparison[] {
  const decode = ({ type }: Column, text: string | null) =>
    text === null ? null : (decoderOf(type)(text) as CanonicalValue)
  const values = new Map([
    ['left', decode(left, a)],
    ['right', decode(right, b)],
  ])
  const checks = comparisons.map((is) => ({ name: is, left: 'left', is, right: 'right' }))
  const broken = brokenChecksOf({ columns: { left, right }, checks })((name) => values.get(name) ?? null)
  return comparisons.filter((is) => !broken.some(({ path }) => path === is))
}

const LESS: readonly Comparison[] = ['!=', '<', '<=']
const EQUAL: readonly Comparison[] = ['=', '<=', '>=']
const MORE: readonly Comparison[] = ['!=', '>', '>=']

describe('G6: two columns are compared exactly, in the order of their type', () => {
  const money = col.decimal(38, 20, 'Any')
  test.each<[Column, Column, string | null, string | null, readonly Comparison[]]>([
    [col.bigint('Any'), col.bigint('Any'), '9007199254740993', '9007199254740992', MORE],
    [col.bigint('Any'), money, '9007199254740993', '9007199254740993.00000000000000000001', LESS],
    [col.integer('Any'), col.decimal(4, 2, 'Any'), '9', '9.00', EQUAL],
    [col.integer('Any'), col.integer('Any'), '-10', '9', LESS],
    [
      col.timestampMicros('Any'),
      col.timestampMicros('Any'),
      '2026-01-01T00:00:00.000001Z',
      '2026-01-01T01:00:00+01',
      MORE,
    ],
    [
      col.timestamp('Any'),
      col.timestampMicros('Any'),
      '2026-01-01T00:00:00.001Z',
      '2026-01-01T00:00:00.001Z',
      EQUAL,
    ],
    [
      col.timestampMicros('Any'),
      col.timestampMicros('Any'),
      '9999-12-31T23:59:59.999998Z',
      '9999-12-31T23:59:59.999999Z',
      LESS,
    ],
    [
      col.timestampMicros('Any'),
      col.timestampMicros('Any'),
      '0001-01-01T00:00:00Z',
      '9999-12-31T00:00:00Z',
      LESS,
    ],
    [col.date('Any'), col.date('Any'), '0999-12-31', '1000-01-01', LESS],
    [col.time('Any'), col.time('Any'), '08:15:00', '08:15:00.000001', LESS],
    [col.time('Any'), col.time('Any'), '24:00:00', '23:59:59', MORE],
    [col.string('Any'), col.enum(['b'], 'Any'), 'a', 'b', LESS],
    [col.string('Any'), col.string('Any'), '\uffff', '😀', LESS],
    [col.string('Any'), col.string('Any'), 'B', 'a', LESS],
    [col.double('Any'), col.real('Any'), '0.5', '0.5', EQUAL],
    [col.double('Any'), col.double('Any'), 'NaN', 'Infinity', MORE],
    [col.double('Any'), col.double('Any'), 'NaN', 'NaN', EQUAL],
    [col.double('Any'), col.double('Any'), '-0', '0', EQUAL],
    [col.boolean('Any'), col.boolean('Any'), 'false', 'true', LESS],
    [
      col.uuid('Any'),
      col.uuid('Any'),
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      LESS,
    ],
    [col.integer('Any'), col.integer('Any'), null, '1', comparisons],
    [col.integer('Any'), col.integer('Any'), '1', null, comparisons],
  ])('$0.type.kind and $1.type.kind: %s, %s', (...[left, right, a, b, expected]) => {
    expect(held(left, right, a, b)).toEqual(expected)
  })
})

const shifts = table({
  name: 'hr.shifts',
  version: 1,
  owner: 'tests',
  description: 'Shifts',
  source: { system: 'hr', table: 'public.shifts' },
  primaryKey: ['id'],
  unknownFields: 'drop',
  checks: [
    { name: 'ends after it starts', left: 'ends_at', is: '>', right: 'starts_at' },
    { name: 'cost is paid', left: 'cost', is: '>=', value: '0' },
    { name: 'no number of the old system', left: 'id', is: '>', value: 9_007_199_254_740_992n },
  ],
  columns: {
    id: col.bigint('Key'),
    starts_at: col.timestampMicros('Begin'),
    ends_at: col.timestampMicros('End', { nullable: true }),
    cost: col.decimal(12, 2, 'Cost', { default: '0', pii: 'nir', treatment: 'drop' }),
    minutes: col.integer('Break', { nullable: true, default: 30, max: 60 }),
    status: col.enum(['open', 'done'], 'State', { default: 'open' }),
    proof: col.binary('Signature', { default: new Uint8Array([0, 255]) }),
  },
})

const row = {
  id: '9007199254740993',
  starts_at: '"2026-01-01T00:00:00.000000Z"',
  ends_at: '"2026-01-01T00:00:00.000001Z"',
  cost: '1',
  minutes: '45',
  status: '"done"',
  proof: '"00"',
}

function format(operation: Change['operation'], data: Readonly<Record<string, string | undefined>>) {
  const members = Object.entries(data).flatMap(([name, json]) =>
    json === undefined ? [] : [`"${name}":${json}`],
  )
  const change: Change = {
    table: 'public.shifts',
    operation,
    position,
    committedAt: null,
    data: parseJsonObject(`{${members.join(',')}}`),
    before: undefined,
  }
  const formatted = rowCodec(shifts, maskKey).format(change)
  return formatted.kind === 'rows'
    ? formatted.rows.map((made) => made.slice(6))
    : formatted.reasons.map(({ code, path, message }) => `${code} ${path}: ${message}`)
}

describe('a check of a contract', () => {
  test('refuses the rows that break it, by name and with both sides', () => {
    expect(format('insert', { ...row, ends_at: row.starts_at, cost: '-0.01', id: '5' })).toEqual([
      'format/check-failed ends after it starts: must have ends_at > starts_at',
      'format/check-failed cost is paid: must have cost >= 0',
      'format/check-failed no number of the old system: must have id > 9007199254740992',
    ])
  })

  test.each([
    ['a null', 'insert', { ...row, ends_at: 'null' }],
    ['a side that an update did not send', 'update', { ...row, starts_at: undefined }],
    ['a delete, which has its key only', 'delete', { id: '5' }],
  ] as const)('lets pass %s', (_, operation, data) => {
    expect(format(operation, data)[0]).toBeInstanceOf(Array)
  })

  test('says nothing about a value that is refused itself', () => {
    expect(format('insert', { ...row, ends_at: '"soon"' })).toEqual([
      'format/bad-value ends_at: must be an instant with its offset, from year 1 to 9999',
    ])
  })
})

describe('a default', () => {
  const bare = { id: row.id, starts_at: row.starts_at, ends_at: 'null' }

  test.each(['insert', 'load'] as const)('stands in for a field that an %s does not have', (operation) => {
    expect(format(operation, bare)).toEqual([
      ['9007199254740993', '1767225600000000', null, 30, 'open', '00ff'],
    ])
  })

  test('is not used for null', () => {
    expect(format('insert', { ...bare, minutes: 'null', status: 'null' })).toEqual([
      'format/missing-value status: must not be null',
    ])
  })

  test('is not used in an update: what that does not send stays as it was', () => {
    expect(format('update', bare)).toEqual([['9007199254740993', '1767225600000000', null, null, null, null]])
  })
})

test('G5: a row that breaks a rule by load breaks it by insert', () => {
  const bad = { ...row, ends_at: row.starts_at }
  expect(format('load', bad)).toEqual(format('insert', bad))
})
