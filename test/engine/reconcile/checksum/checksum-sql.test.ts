import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LakeColumn } from '../../../../core/contract/language/lake-columns.ts'
import { checksumSelect, digestSelect } from '../../../../engine/reconcile/checksum/checksum-sql.ts'
import {
  digestText,
  duckdbText,
  joinedText,
  rowText,
} from '../../../../engine/reconcile/checksum/column-text.ts'
import { literal } from '../../../../lake/sql/sql-text.ts'
import { columns, keys } from './lake-of-all-types.ts'

test('DuckDB takes the checksums of every type, of an empty table too', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`CREATE TABLE everything (id BIGINT, word VARCHAR, small SMALLINT, plain INTEGER, ratio DOUBLE, share FLOAT,
    flag BOOLEAN, day DATE, "at" TIMESTAMPTZ, exact TIMESTAMPTZ, exact_micros BIGINT, clock VARCHAR, uid VARCHAR, doc VARCHAR,
    bytes BLOB, price DECIMAL(12,2), mood VARCHAR, words VARCHAR[], grid DOUBLE[][], "inner" STRUCT(a VARCHAR, b TIMESTAMPTZ))`)
  const rows = { keys, columns, relation: 'everything' }
  const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson()
  expect(await ask(checksumSelect(rows))).toEqual([])
  await connection.run(`INSERT INTO everything (id, word) VALUES (1, 'a'), (1, 'a'), (2, NULL)`)
  const sums = await ask(checksumSelect(rows))
  const digests = await ask(digestSelect(rows))
  const bits = (digest: unknown) => BigInt(`0x${String(digest).slice(0, 15)}`)
  expect(sums.reduce((total, [, count]) => total + Number(count), 0)).toBe(3)
  expect(sums.reduce((total, [, , sum]) => total + BigInt(String(sum)), 0n)).toBe(
    digests.reduce((total, [, digest]) => total + bits(digest), 0n),
  )
  connection.closeSync()
  instance.closeSync()
})

test('a digest tells instants apart to the microsecond, and marks those that no contract lets through', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const of = async (value: string, part: LakeColumn['part']) => {
    const type = part === 'micros' ? ('bigint' as const) : ('timestamp' as const)
    const column = { name: 'v', type: { kind: type }, contractColumn: 'v', part, isInstant: true }
    const found = await connection.runAndReadAll(`SELECT ${digestText(column)} FROM (SELECT ${value} AS v)`)
    return found.getRowsJson()[0]?.[0]
  }
  const at = (text: string) => of(`'${text}'::TIMESTAMPTZ`, 'millis')
  expect(await at('2000-01-01 00:00:00.001+00')).toBe('00000000000003e8')
  expect(await at('2000-01-01 00:00:00.001001+00')).toBe('00000000000003e9')
  expect(await at('1999-12-31 23:59:59.999+00')).toBe('fffffffffffffc18')
  expect(await at('0001-01-01 00:00:00+00')).toBe('ff1fe2ffc59c6000')
  expect(await at('9999-12-31 23:59:59.999+00')).toBe('0380e70b913b7c18')
  expect(await of('946684800000001::BIGINT', 'micros')).toBe('0000000000000001')
  expect(await of('NULL::BIGINT', 'micros')).toBe(null)
  expect(await of('NULL::TIMESTAMPTZ', 'millis')).toBe(null)
  for (const beyond of ['infinity', '-infinity', '10000-01-01 00:00:00+00'])
    expect(await at(beyond)).toMatch(/^!/)
  expect(await of('make_timestamptz(-62135596800001000)', 'millis')).toMatch(/^!/)
  for (const beyond of ['9223372036854775807', '-9223372036854775808', '253402300800000000'])
    expect(await of(`(${beyond})::BIGINT`, 'micros')).toMatch(/^!/)
  connection.closeSync()
  instance.closeSync()
})

test('two rows have one text only when they are the same row', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const textColumn: LakeColumn = { name: 'c', type: { kind: 'string' }, contractColumn: 'c', part: 'value' }
  const number: LakeColumn = { ...textColumn, type: { kind: 'bigint' } }
  const kinds = [textColumn, number, textColumn, textColumn]
  const text = fc.option(
    fc.string({ unit: fc.constantFrom('a', '-', '=', ',', '\\', '1', ':'), maxLength: 3 }),
  )
  const row = fc.tuple(text, fc.option(fc.nat(20).map(String)), text, text)
  await fc.assert(
    fc.asyncProperty(row, row, async (one, other) => {
      const sql = (values: readonly (string | null)[]) =>
        values.map((value) => (value === null ? 'NULL::VARCHAR' : literal(value)))
      const found = await connection.runAndReadAll(
        `SELECT ${rowText(kinds, sql(one), duckdbText)} = ${rowText(kinds, sql(other), duckdbText)}, ${joinedText(sql(one), duckdbText)} = ${joinedText(sql(other), duckdbText)}`,
      )
      const isSame = one.every((value, index) => value === other[index])
      expect(found.getRowsJson()).toEqual([[isSame, isSame]])
    }),
    { numRuns: 400 },
  )
  connection.closeSync()
  instance.closeSync()
})
