import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { bucketSql } from '../../../lake/compaction/sql/bucket-sql.ts'

const WHOLE = 2 ** 31

/* Apache Iceberg table spec, appendix B, 32-bit hash requirements; the last six have every length of the tail. */
const vectors: readonly (readonly [value: string, type: ColumnType, hash: number])[] = [
  ['34::INTEGER', { kind: 'integer' }, 2017239379],
  ['34::SMALLINT', { kind: 'smallint' }, 2017239379],
  ['34::BIGINT', { kind: 'bigint' }, 2017239379],
  ['14.20::DECIMAL(9,2)', { kind: 'decimal', precision: 9, scale: 2 }, -500754589],
  [`DATE '2017-11-16'`, { kind: 'date' }, -653330422],
  [`TIMESTAMPTZ '2017-11-16 22:31:08+00'`, { kind: 'timestamp' }, -2047944441],
  [`TIMESTAMPTZ '2017-11-16 22:31:08.000001+00'`, { kind: 'timestamp' }, -1207196810],
  [`'iceberg'`, { kind: 'string' }, 1210000089],
  [`'f79c3e09-677c-4bbd-a479-3f349cb785e7'`, { kind: 'uuid' }, 1488055340],
  [`'\\x00\\x01\\x02\\x03'::BLOB`, { kind: 'binary' }, -188683207],
  [`''`, { kind: 'string' }, 0],
  [`'a'`, { kind: 'string' }, 1009084850],
  [`'ab'`, { kind: 'string' }, -1681926305],
  [`'abc'`, { kind: 'string' }, -1277324294],
  [`'abcd'`, { kind: 'string' }, 1139631978],
  [`'abcde'`, { kind: 'string' }, -392455434],
]

test('the bucket of a value is that of the Iceberg specification', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const found = await connection.runAndReadAll(
    `SELECT ${vectors.map(([value, type]) => bucketSql(value, type, WHOLE)).join(', ')}`,
  )
  expect(found.getRowsJson()).toEqual([vectors.map(([, , hash]) => String(hash & 0x7fffffff))])
  connection.closeSync()
  instance.closeSync()
})

test('a type with several texts for one value has no bucket', () => {
  expect(() => bucketSql('1', { kind: 'double' }, 16)).toThrow(RangeError)
})
