import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LakeColumn } from '../../../../core/contract/language/lake-columns.ts'
import { checksumSelect, digestSelect } from '../../../../engine/reconcile/checksum/checksum-sql.ts'
import { duckdbText, joinedText, rowText } from '../../../../engine/reconcile/checksum/column-text.ts'
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
