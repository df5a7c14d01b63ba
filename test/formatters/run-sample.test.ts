import { describe, expect, test } from 'vitest'
import { table } from '../../core/contract/check/define-table.ts'
import { col } from '../../core/contract/language/column.ts'
import { parseSample, runSample, type SampleKind } from '../../formatters/run-sample.ts'

const notes = table({
  name: 'hr.notes',
  version: 1,
  owner: 'people-data@tidemark.example',
  description: 'Notes, one row each.',
  source: { system: 'hr', table: 'public.notes' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: { id: col.bigint('Number'), level: col.smallint('Rank', { max: 9 }) },
})
const run = (text: string, kind: SampleKind) => runSample(notes, parseSample(text, kind))

describe('a sample that holds', () => {
  test.each([
    [
      'a row',
      '{"given":{"id":9007199254740993,"level":1},"expect":{"id":"9007199254740993","level":1}}',
      'pass',
    ],
    [
      'an unknown field',
      '{"given":{"id":1,"level":1,"x":2},"expect":{"_extra":"{\\"x\\":2}","id":"1","level":1}}',
      'pass',
    ],
    [
      'an absent column',
      '{"operation":"update","given":{"id":1},"expect":{"_absent":["level"],"id":"1","level":null}}',
      'pass',
    ],
    ['a refusal', '{"given":{"id":1,"level":10},"expect":["level: must be at most 9"]}', 'fail'],
  ] as const)('%s', (_, text, kind) => {
    expect(run(text, kind)).toEqual([])
  })
})

describe('a sample that does not hold', () => {
  test('names each column that differs', () => {
    expect(run('{"given":{"id":1,"level":1},"expect":{"id":1,"level":1,"rank":2}}', 'pass')).toEqual([
      { column: 'id', expected: 1, got: '1' },
      { column: 'rank', expected: 2, got: undefined },
    ])
  })

  test('says why a row that should pass is refused', () => {
    expect(run('{"given":{"id":null,"level":1},"expect":{}}', 'pass')).toEqual([
      { column: 'id', expected: undefined, got: 'id: must not be null' },
    ])
  })

  test('says that a row which should be refused passed', () => {
    expect(run('{"given":{"id":1,"level":1},"expect":["level: must be at most 9"]}', 'fail')).toEqual([
      { column: 'level', expected: 'level: must be at most 9', got: undefined },
      { column: '', expected: undefined, got: 'accepted' },
    ])
  })

  test('holds the reasons to their order', () => {
    const text =
      '{"given":{"id":null,"level":10},"expect":["level: must be at most 9","id: must not be null"]}'
    expect(run(text, 'fail')).toHaveLength(1)
  })
})

test.each([
  ['{"expect":{}}', 'pass', /needs "given"/],
  ['{"given":{},"expect":[]}', 'pass', /is an object/],
  ['{"given":{},"expect":{}}', 'fail', /list of reasons/],
  ['{"given":{},"operation":"upsert","expect":{}}', 'pass', /"operation" is/],
] as const)('%s is no %s sample', (text, kind, message) => {
  expect(() => parseSample(text, kind)).toThrow(message)
})
