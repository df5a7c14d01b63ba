import { describe, expect, test } from 'vitest'
import { decoderOf } from '../../../core/contract/value/canonical.ts'
import { Refusal } from '../../../core/contract/value/refusal.ts'
import { rowValueOf } from '../../../core/contract/value/row-value.ts'
import { type ColumnType, typeName } from '../../../core/contract/value/type.ts'

const plan: ColumnType = {
  kind: 'struct',
  fields: {
    lead: { kind: 'string', nullable: true },
    breaks: {
      kind: 'list',
      of: { kind: 'struct', fields: { from: { kind: 'time' }, paid: { kind: 'boolean', nullable: true } } },
    },
    total: { kind: 'decimal', precision: 12, scale: 2, nullable: true, from: 'totalCost' },
    rest: { kind: 'json', nullable: true },
  },
}

function decode(type: ColumnType, json: string): unknown {
  const value = decoderOf(type)(json)
  return value instanceof Refusal ? `${value.path}: ${value.reason}` : value
}

describe('a struct', () => {
  test('is its fields in their order, every digit kept, null where a member is left out', () => {
    const json =
      '{"totalCost": 9999999999.9, "breaks": [{"from": "08:15:00.50"}, null], "rest": {"b":[1.10,null]}}'
    expect(decode(plan, json)).toEqual([
      null,
      [['08:15:00.5', null], null],
      '9999999999.90',
      '{"b":[1.10,null]}',
    ])
  })

  test('comes as JSON text, or as an object where the source nests it', () => {
    expect(decoderOf(plan)({ lead: 'x', breaks: [] })).toEqual(['x', [], null, null])
    expect(decode(plan, ' {"lead":"x","breaks":[]}')).toEqual(['x', [], null, null])
  })

  test.each([
    ['{"breaks":[{"from":"08:00:00"},{"from":"8"}]}', '.breaks[1].from: must be a time of day, HH:MM:SS'],
    ['{"breaks":[{}]}', '.breaks[0].from: must not be null'],
    ['{"lead":null}', '.breaks: must not be null'],
    ['{"breaks":{}}', '.breaks: must be a JSON array'],
    ['{"breaks":"[]"}', '.breaks: must be a JSON array'],
    ['{"breaks":["{}"]}', '.breaks[0]: must be a JSON object'],
    ['{"breaks":[],"totalCost":1.005}', '.total: must fit decimal(12,2)'],
    ['{"breaks":[],"secret":1}', ': must have no members that the contract does not name'],
    [
      '{"breaks":[{"from":"08:00:00","x":1}]}',
      '.breaks[0]: must have no members that the contract does not name',
    ],
    ['{"breaks":[],"total":1}', ': must have no members that the contract does not name'],
    ['{"lead":"\\ud83d","breaks":[]}', '.lead: must be text of valid Unicode'],
    ['(x,"{}")', ': must be a JSON object; composite text is not read, send to_jsonb() of it'],
    ['null', ': must be a JSON object'],
    ['[]', ': must be a JSON object'],
    ['{"breaks":[]', ': must be a JSON object'],
    ['', ': must be a JSON object'],
  ])('G6: %s is refused where it does not fit', (json, refusal) => {
    expect(decode(plan, json)).toBe(refusal)
  })

  test('may drop members that the contract does not name', () => {
    const type: ColumnType = { kind: 'struct', fields: { a: { kind: 'integer' } }, unknown: 'drop' }
    expect(decode(type, '{"a":1,"b":2}')).toEqual([1])
  })

  test('has no members that every object inherits', () => {
    const type: ColumnType = {
      kind: 'struct',
      fields: {
        to: { kind: 'json', from: '__proto__' },
        name: { kind: 'string', nullable: true, from: 'constructor' },
      },
    }
    expect(decode(type, '{"__proto__":{"a":1}}')).toEqual(['{"a":1}', null])
    expect(decode(type, '{}')).toBe('.to: must not be null')
  })

  test('nested too deep is refused, not a crash', () => {
    expect(decode({ kind: 'list', of: { kind: 'json' } }, '['.repeat(100_000))).toMatch(/^: must be/)
  })

  test('has a name that says what may be null', () => {
    expect(typeName(plan)).toBe(
      'struct<lead:string?,breaks:list<struct<from:time,paid:boolean?>>,total:decimal(12,2)?,rest:json?>',
    )
  })
})

describe('a list', () => {
  const grid: ColumnType = { kind: 'list', of: { kind: 'list', of: { kind: 'bigint' } } }

  test.each<[ColumnType, string, unknown]>([
    [grid, '[[1,9223372036854775807],null,[]]', [['1', '9223372036854775807'], null, []]],
    [grid, '[[1,"x"]]', '[0][1]: must be a 64-bit integer'],
    [grid, '{{1,2},{3,4}}', ': must be a JSON array'],
    [{ kind: 'list', of: { kind: 'string' } }, '["a",null,7.50]', ['a', null, '7.50']],
    [{ kind: 'list', of: { kind: 'boolean' } }, '[true,"t"]', '[1]: must be true or false'],
    [{ kind: 'list', of: { kind: 'json' } }, '[{"a":1.0},"s",[]]', ['{"a":1.0}', '"s"', '[]']],
    [{ kind: 'list', of: { kind: 'json' } }, '{"{\\"a\\": 1.0}"}', ['{"a": 1.0}']],
    [
      { kind: 'list', of: { kind: 'struct', fields: { a: { kind: 'date' } } } },
      '{"{\\"a\\": \\"2024-02-29\\"}"}',
      [['2024-02-29']],
    ],
    [
      { kind: 'list', of: { kind: 'integer' } },
      '[0:1]={1,2}',
      ': must be a one-dimensional array that starts at 1',
    ],
  ])('of %j is read out of jsonb and array text: %s', (type, text, expected) => {
    expect(decode(type, text)).toEqual(expected)
  })
})

test('a check sees nested values as the Row type has them', () => {
  const type: ColumnType = {
    kind: 'struct',
    fields: {
      n: { kind: 'bigint' },
      at: { kind: 'timestamp' },
      inner: { kind: 'list', of: { kind: 'struct', fields: { bytes: { kind: 'binary', nullable: true } } } },
    },
  }
  expect(rowValueOf(type)(['5', 1000, [['00ff'], null, [null]]])).toEqual({
    n: 5n,
    at: '1970-01-01T00:00:01.000Z',
    inner: [{ bytes: new Uint8Array([0, 255]) }, null, { bytes: null }],
  })
})

test('an enum that keeps unknown values takes any text, and nothing else', () => {
  const type: ColumnType = { kind: 'enum', values: ['open'], unknown: 'keep' }
  expect(decode(type, 'Open, "new"')).toBe('Open, "new"')
  expect(decode(type, '\ud83d')).toBe(': must be text of valid Unicode')
  expect(decoderOf(type)(7)).toBeInstanceOf(Refusal)
  expect(typeName(type)).toBe('enum(open, …)')
})
