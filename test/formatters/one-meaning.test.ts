import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LakeRow, systemColumns } from '../../core/contract/language/lake-row.ts'
import { decodePage, encodePages } from '../../core/page.ts'
import { loadPosition } from '../../core/position.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { tables } from '../../schemas/index.ts'
import { anyNumberText, anySourceText } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'
import { maskKey, people } from './people-table.ts'

const transaction =
  '"transaction-id":1,"transaction-record-id":1,"commit-timestamp":"2026-03-02T08:15:31.000001Z","stream-position":"00000002/7C007328.2.00000002/7C007328"'

/* The record that DMS would send of a row for an operation, in one of its two formats. */
function recordOf(operation: string, row: string, isPretty: boolean): Buffer {
  const details = operation === 'load' ? '' : `,${transaction}`
  const metadata = `"metadata":{"record-type":"data","operation":"${operation}","schema-name":"public","table-name":"people"${details}}`
  const text = `{"data":${row},${metadata}}`
  return Buffer.from(isPretty ? text.replace('{"data":', '{\n\t"data": ') : text)
}

/* From the record of the stream through the raw store to the lake row. */
async function lakeRows(
  operation: string,
  row: string,
  isPretty: boolean,
): Promise<readonly LakeRow[] | string> {
  const options = { epoch: 0, loadPositionOf: () => loadPosition(0, 1n) }
  const decoded = decodeDms(recordOf(operation, row, isPretty), options)
  if (decoded.kind !== 'change') return decoded.kind
  const [page] = await encodePages(decoded.table, { shard: 's', sequence: '1' }, [decoded.change])
  const [change] = page === undefined ? [] : decodePage(page)
  if (change === undefined) return 'no change'
  const formatted = rowCodec(people, maskKey).format(change)
  return formatted.kind === 'rows' ? formatted.rows : JSON.stringify(formatted.reasons)
}

const text = anySourceText.map((value) => JSON.stringify(value))
const nullable = (value: fc.Arbitrary<string>) => fc.oneof(fc.constant('null'), value)

/* Values that fit their columns and values that do not: both must come out the same way. */
const anyRow = fc
  .record({
    id: fc.oneof(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String), anyNumberText),
    shop: text,
    pay: fc.oneof(anyNumberText, fc.stringMatching(/^(?:0|[1-9]\d{0,4})\.\d{1,3}$/), fc.constant('"NaN"')),
    level: nullable(fc.integer({ min: -40_000, max: 40_000 }).map(String)),
    seen_at: nullable(fc.constantFrom('"2026-03-02T08:15:31.000001Z"', '"infinity"')),
    country: nullable(fc.constantFrom('"FR"', '"France"')),
    email: nullable(text),
    phone: nullable(text),
    name: nullable(text),
    nir: nullable(text),
    skills: nullable(fc.constantFrom('"{till,NULL}"', '"{}"', '"{{a}}"')),
  })
  .map(
    (row) =>
      `{${Object.entries(row)
        .map(([name, value]) => `"${name}":${value}`)
        .join(',')}}`,
  )

const valuesOf = (rows: readonly LakeRow[] | string) =>
  typeof rows === 'string' ? rows : rows.map((row) => row.slice(systemColumns.length - 2))

test('G5: a row has the same values as a load, an insert and an update, in both formats of DMS', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(anyRow, async (row) => {
      const load = await lakeRows('load', row, false)
      if (typeof load !== 'string') accepted += 1
      for (const operation of ['load', 'insert', 'update'])
        for (const isPretty of [false, true])
          expect(valuesOf(await lakeRows(operation, row, isPretty))).toEqual(valuesOf(load))
    }),
    { numRuns: runs(150) },
  )
  /* The law would hold of refusals alone. */
  expect(accepted).toBeGreaterThan(0)
})

describe('G5: every codec of the repository gives its columns in the order of its contract', () => {
  test.each(tables)('$name v$version', (table) => {
    const kept = Object.entries(table.columns).flatMap(([name, { treatment }]) =>
      treatment === 'drop' ? [] : [name],
    )
    expect(rowCodec(table, maskKey).columns).toEqual(kept)
  })
})
