import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../support/budget.ts'
import { anyTable } from './any-table.ts'
import { comparableRows, encode, readWithDuckdb, readWithHyparquet } from './readers.ts'

const anyOptions = fc.record({
  rowGroupRows: fc.integer({ min: 1, max: 60 }),
  rowGroupBytes: fc.constantFrom(1, 500, 1 << 20),
  pageBytes: fc.constantFrom(1, 40, 1 << 20),
  compression: fc.constantFrom('snappy', 'none'),
  dictionary: fc.boolean(),
})

test('any table reads back equal in DuckDB and in hyparquet', async () => {
  await fc.assert(
    fc.asyncProperty(anyTable, anyOptions, async (table, options) => {
      const { file, summary } = encode(table, options)
      expect(summary.rows).toBe(table.rows.length)
      expect(summary.bytes).toBe(file.length)
      expect(await readWithDuckdb(file)).toStrictEqual(comparableRows(table))
      expect(await readWithHyparquet(file, table.fields)).toStrictEqual(comparableRows(table))
    }),
    { numRuns: runs(80) },
  )
}, 600_000)
