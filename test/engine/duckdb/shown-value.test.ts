import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { JsonNumber, type JsonValue, stringifyJson } from '../../../core/json.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { runs } from '../../support/budget.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../postgres/source-server.ts'

let server: SourceServer
let database: SourceDatabase
let session: LakeSession

beforeAll(async () => {
  server = await startSource()
  database = await server.database('')
  session = await LakeSession.open({ folder: tmpdir(), entries: [] })
})

afterAll(async () => {
  session.close()
  await server.stop()
})

async function shown(select: string): Promise<readonly (readonly JsonValue[])[]> {
  const rows: (readonly JsonValue[])[] = []
  for await (const batch of (await session.query(select)).batches) rows.push(...batch)
  return rows
}

const single = fc
  .integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  .map((bits) => new Float32Array(new Int32Array([bits]).buffer)[0] ?? 0)
  .filter(Number.isFinite)

test('G5 a single-precision value is the number that PostgreSQL prints, as a column and in lists and structs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(single, { minLength: 200, maxLength: 400 }), async (values) => {
      const texts = [...values, -0, 0.100000024].map((value) => (Object.is(value, -0) ? '-0' : String(value)))
      const { rows } = await database.client.query(
        'select v::float4::text as text from unnest($1::text[]) with ordinality as t(v, n) order by n',
        [texts],
      )
      const printed = rows.map(({ text }) => (text === '-0' ? text : Number(text)))
      const found = await shown(`SELECT v, [v], {'a': [{'b': v}]}, MAP {'k': v}
        FROM (SELECT unnest([${texts.map((text) => `'${text}'::FLOAT`).join(', ')}]) AS v)`)
      const same = (value: JsonValue) => (value instanceof JsonNumber ? value.text : value)
      expect(found.map(([value = null]) => same(value))).toEqual(printed)
      for (const [value = null, list, struct, map] of found)
        expect([list, struct, map]).toEqual([[value], { a: [{ b: value }] }, [{ key: 'k', value }]])
    }),
    { numRuns: runs(4) },
  )
})

test('64-bit integers and decimals are numbers with all their digits, wherever they stand', async () => {
  const [row = []] =
    await shown(`SELECT [9007199254740993, NULL] AS l, {'a': 1.50::DECIMAL(9,2), 'b': [[-1::HUGEINT]]} AS s,
    MAP {18446744073709551615::UBIGINT: '12'} AS m, {'t': DATE '2026-01-02', 'd': 'NaN'::DOUBLE, 'f': '-Infinity'::FLOAT} AS o`)
  expect(row.map(stringifyJson)).toEqual([
    '[9007199254740993,null]',
    '{"a":1.50,"b":[[-1]]}',
    '[{"key":18446744073709551615,"value":"12"}]',
    '{"t":"2026-01-02","d":"NaN","f":"-Infinity"}',
  ])
})
