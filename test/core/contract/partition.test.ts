import { describe, expect, test } from 'vitest'
import type { CanonicalValue } from '../../../core/block.ts'
import { table } from '../../../core/contract/check/define-table.ts'
import { col } from '../../../core/contract/language/column.ts'
import { partitionColumns, partitionValue } from '../../../core/contract/language/partition.ts'
import { bucketHash } from '../../../core/contract/value/bucket-hash.ts'
import { decoderOf } from '../../../core/contract/value/canonical.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'

/* Apache Iceberg table spec, appendix B, 32-bit hash requirements. */
const vectors: readonly (readonly [ColumnType, string, number])[] = [
  [{ kind: 'integer' }, '34', 2017239379],
  [{ kind: 'smallint' }, '34', 2017239379],
  [{ kind: 'bigint' }, '34', 2017239379],
  [{ kind: 'decimal', precision: 9, scale: 2 }, '14.20', -500754589],
  [{ kind: 'date' }, '2017-11-16', -653330422],
  [{ kind: 'timestampMicros' }, '2017-11-16T22:31:08Z', -2047944441],
  [{ kind: 'timestampMicros' }, '2017-11-16T22:31:08.000001Z', -1207196810],
  [{ kind: 'timestamp' }, '2017-11-16T22:31:08.000001Z', -2047944441],
  [{ kind: 'string' }, 'iceberg', 1210000089],
  [{ kind: 'uuid' }, 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 1488055340],
  [{ kind: 'binary' }, '00010203', -188683207],
]

test.each(vectors)('the hash of a %j %s is that of the Iceberg specification', (type, wire, hash) => {
  const value = decoderOf(type)(wire)
  expect(bucketHash(type, value as CanonicalValue)).toBe(hash)
})

test.each([
  ['', 0],
  ['a', 1009084850],
  ['ab', -1681926305],
  ['abc', -1277324294],
  ['abcd', 1139631978],
  ['abcde', -392455434],
])('Murmur3 of %j is right for every length of the tail', (text, hash) => {
  expect(bucketHash({ kind: 'string' }, text)).toBe(hash)
})

test('a type with several texts for one value has no bucket', () => {
  expect(() => bucketHash({ kind: 'double' }, 1)).toThrow(RangeError)
})

describe('the partition of a row', () => {
  const shifts = table({
    name: 'hr.shifts',
    version: 1,
    owner: 'tests',
    description: 'Shifts',
    source: { system: 'hr', table: 'public.shifts' },
    primaryKey: ['id'],
    partitionBy: { at: 'day', cut: 'month', on: 'day', id: { bucket: 16 } },
    unknownFields: 'drop',
    columns: {
      id: col.bigint('Key'),
      at: col.timestampMicros('When'),
      cut: col.timestamp('When'),
      on: col.date('Day'),
    },
  })
  const row = { id: '34', at: '-1', cut: -62_135_596_800_000, on: '9999-12-31' }

  test('has one text for each partition column, days in UTC', () => {
    expect(partitionColumns(shifts).map(({ name }) => name)).toEqual([
      'at_day',
      'cut_month',
      'on_day',
      'id_bucket',
    ])
    expect(partitionValue(shifts, row)).toEqual({
      at_day: '1969-12-31',
      cut_month: '0001-01',
      on_day: '9999-12-31',
      id_bucket: '3',
    })
  })

  test('a bucket is never negative', () => {
    const keys = Array.from(
      { length: 200 },
      (_, id) => partitionValue(shifts, { ...row, id: String(id) })['id_bucket'],
    )
    expect(new Set(keys.map(Number))).toEqual(new Set(Array.from({ length: 16 }, (_, bucket) => bucket)))
  })

  test('is none for a row without the value', () => {
    expect(() => partitionValue(shifts, { ...row, id: null })).toThrow(RangeError)
  })
})
