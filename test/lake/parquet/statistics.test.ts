import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesBounds } from '../../../lake/parquet/values/bytes-bounds.ts'
import type { ParquetType, ParquetValue } from '../../../lake/parquet/values/field.ts'
import { runs } from '../../support/budget.ts'
import { anyTable } from './any-table.ts'
import { duckdb, encode } from './readers.ts'

/** What parquet_metadata() says of a nullable column with these values. */
async function statistics(type: ParquetType, values: readonly ParquetValue[]) {
  const table = { fields: [{ name: 'c', type, nullable: true }], rows: values.map((value) => [value]) }
  const sql = `SELECT stats_min_value, stats_max_value, stats_null_count, min_is_exact, max_is_exact
    FROM parquet_metadata($file)`
  const [row = []] = await duckdb(encode(table).file, sql)
  const [min, max, nulls, minExact, maxExact] = row
  return { min, max, nulls, minExact, maxExact }
}

const exact = { minExact: true, maxExact: true }

describe('the statistics of a column chunk', () => {
  test.each<[string, ParquetType, ParquetValue[], string, string]>([
    ['int32 are signed', { kind: 'int32' }, [5, -7, null, 3], '-7', '5'],
    [
      'int64 go by the high word first',
      { kind: 'int64' },
      ['4294967296', -1, 4294967295n],
      '-1',
      '4294967296',
    ],
    ['int64 have an unsigned low word', { kind: 'int64' }, [1, 4294967295n], '1', '4294967295'],
    [
      'int64 reach both ends',
      { kind: 'int64' },
      [-(2n ** 63n), 0, 2n ** 63n - 1n],
      '-9223372036854775808',
      '9223372036854775807',
    ],
    ['dates are dates', { kind: 'int32', logical: 'date' }, [0, -1], '1969-12-31', '1970-01-01'],
    ['booleans are ordered', { kind: 'boolean' }, [true, false], 'false', 'true'],
    ['short decimals', { kind: 'decimal', precision: 5, scale: 2 }, ['1.5', '-2.25', '0'], '-2.25', '1.50'],
    [
      'long decimals are signed',
      { kind: 'decimal', precision: 38, scale: 1 },
      ['-1234567890123456789012345678901234567.8', '1', '-1'],
      '-1234567890123456789012345678901234567.8',
      '1.0',
    ],
    ['strings go by unsigned bytes', { kind: 'string' }, ['zebra', 'Ärger', 'a', ''], '', 'Ärger'],
    ['zeros enclose both signs', { kind: 'double' }, [0, 0], '-0.0', '0.0'],
    ['floats are ordered by value', { kind: 'float' }, [-1.5, 1.5, -2.25], '-2.25', '1.5'],
  ])('%s', async (_, type, values, min, max) => {
    const nulls = BigInt(values.filter((value) => value === null).length)
    expect(await statistics(type, values)).toStrictEqual({ min, max, nulls, ...exact })
  })

  test('have no bounds where a NaN was seen, and where all is null', async () => {
    expect(await statistics({ kind: 'double' }, [1, Number.NaN])).toMatchObject({
      min: null,
      max: null,
      nulls: 0n,
    })
    expect(await statistics({ kind: 'int32' }, [null, null])).toMatchObject({
      min: null,
      max: null,
      nulls: 2n,
    })
  })

  test('cut long strings and say so', async () => {
    const found = await statistics({ kind: 'string' }, ['m'.repeat(100)])
    expect(found).toMatchObject({
      min: 'm'.repeat(64),
      max: `${'m'.repeat(63)}n`,
      minExact: false,
      maxExact: false,
    })
  })

  test('leave out a maximum that nothing cut can exceed', async () => {
    const found = await statistics({ kind: 'string' }, ['\u{10ffff}'.repeat(40)])
    expect(found).toMatchObject({ max: null, minExact: false })
  })

  test('count the nulls of list elements and the lists that have none', async () => {
    const type: ParquetType = {
      kind: 'list',
      of: { name: 'element', type: { kind: 'int32' }, nullable: true },
    }
    expect(await statistics(type, [null, [], [1, null, 2]])).toMatchObject({ min: '1', max: '2', nulls: 3n })
  })
})

const byteString = fc.oneof(
  fc.uint8Array({ maxLength: 90 }),
  fc.uint8Array({ minLength: 60, maxLength: 70, min: 254 }),
)

test('bounds of bytes enclose every value between, in at most 64 bytes', () => {
  fc.assert(
    fc.property(byteString, byteString, (a, b) => {
      const [low, high] = Buffer.compare(a, b) <= 0 ? [a, b] : [b, a]
      const { min, max, minExact, maxExact } = bytesBounds(low, high, false)
      expect(Buffer.compare(min ?? low, low)).toBe(minExact ? 0 : -1)
      if (max !== undefined) expect(Buffer.compare(max, high)).toBe(maxExact ? 0 : 1)
      else expect(high.subarray(0, 64).every((byte) => byte === 255)).toBe(true)
      expect(Math.max(min?.length ?? 0, max?.length ?? 0)).toBeLessThanOrEqual(64)
    }),
    { numRuns: runs(500) },
  )
})

const unicode = fc.string({ unit: 'binary', maxLength: 60 })
const edge = fc.array(fc.constantFrom('\ud7ff', '\u{10ffff}', '\u007f', '\u07ff', '\uffff'), {
  maxLength: 40,
})

test('bounds of text enclose the text and stay valid UTF-8', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  fc.assert(
    fc.property(
      fc.oneof(
        unicode,
        edge.map((characters) => characters.join('')),
      ),
      (text) => {
        const bytes = new TextEncoder().encode(text)
        const { min, max } = bytesBounds(bytes, bytes, true)
        for (const bound of [min, max]) if (bound !== undefined) decoder.decode(bound)
        expect(Buffer.compare(min ?? bytes, bytes)).toBeLessThanOrEqual(0)
        if (max !== undefined) expect(Buffer.compare(max, bytes)).toBeGreaterThanOrEqual(0)
      },
    ),
    { numRuns: runs(500) },
  )
})

test('a filter that DuckDB answers with the statistics finds what a scan of all rows finds', async () => {
  await fc.assert(
    fc.asyncProperty(anyTable, async (table) => {
      const row = table.rows.at(-1)
      const columns = table.fields.flatMap((field, index) =>
        ['list', 'struct', 'binary'].includes(field.type.kind) || row?.[index] === null ? [] : [field.name],
      )
      if (row === undefined || columns.length === 0) return
      const { file } = encode(table, { rowGroupRows: 7 })
      const counts = columns.map((name) => {
        const last = `(SELECT ${name} FROM rows ORDER BY file_row_number DESC LIMIT 1)`
        return `(SELECT count(*) FROM read_parquet($file) WHERE ${name} = ${last}),
          (SELECT count(*) FROM rows WHERE ${name} = ${last})`
      })
      const rows = 'WITH rows AS MATERIALIZED (SELECT * FROM read_parquet($file, file_row_number = true))'
      const [found = []] = await duckdb(file, `${rows} SELECT ${counts.join(', ')}`)
      for (let index = 0; index < found.length; index += 2) {
        expect(found[index]).toBe(found[index + 1])
        expect(found[index]).not.toBe(0n)
      }
    }),
    { numRuns: runs(30) },
  )
}, 600_000)
