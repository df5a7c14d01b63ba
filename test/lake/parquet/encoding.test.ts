import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { ByteBuffer } from '../../../lake/parquet/values/byte-buffer.ts'
import type { ParquetType, ParquetValue } from '../../../lake/parquet/values/field.ts'
import { encodeHybrid } from '../../../lake/parquet/values/hybrid.ts'
import type { ParquetOptions } from '../../../lake/parquet/writer.ts'
import { runs } from '../../support/budget.ts'
import { duckdb, encode, readWithHyparquet } from './readers.ts'

function tableOf(type: ParquetType, values: readonly ParquetValue[], nullable = true) {
  return { fields: [{ name: 'c', type, nullable }], rows: values.map((value) => [value]) }
}

/** The encodings that DuckDB finds for a column of these values. */
async function encodings(type: ParquetType, values: readonly ParquetValue[], options?: ParquetOptions) {
  const { file } = encode(tableOf(type, values), options)
  const [row = []] = await duckdb(file, 'SELECT encodings FROM parquet_metadata($file)')
  return String(row[0])
}

const numbers = Array.from({ length: 20_000 }, (_, index) => index)

describe('a dictionary', () => {
  test('is used where values repeat, for every hashable type', async () => {
    const seven = (index: number) => index % 7
    const cases: readonly [ParquetType, (index: number) => ParquetValue][] = [
      [{ kind: 'int32' }, seven],
      [{ kind: 'int64' }, (index) => BigInt(seven(index)) << 40n],
      [{ kind: 'float' }, (index) => seven(index) / 2],
      [{ kind: 'double' }, (index) => seven(index) / 3],
      [{ kind: 'string' }, (index) => `value ${seven(index)}`],
      [{ kind: 'binary' }, (index) => new Uint8Array([1, seven(index)])],
      [{ kind: 'decimal', precision: 30, scale: 2 }, (index) => `-${seven(index)}.25`],
    ]
    for (const [type, value] of cases)
      expect(await encodings(type, numbers.map(value))).toContain('RLE_DICTIONARY')
  })

  test('is not used where most values are distinct, where it would be large, and for booleans', async () => {
    expect(await encodings({ kind: 'int64' }, numbers)).toBe('PLAIN, RLE')
    const long = numbers.map((index) => `${index % 4000}`.padStart(400, '-'))
    expect(await encodings({ kind: 'string' }, long)).toBe('PLAIN, RLE')
    expect(
      await encodings(
        { kind: 'boolean' },
        numbers.map((index) => index % 2 === 0),
      ),
    ).toBe('PLAIN, RLE')
  })

  test('is decided for each row group by itself', async () => {
    const values = numbers.map((index) => (index < 10_000 ? index : 1))
    const { file } = encode(tableOf({ kind: 'int64' }, values), { rowGroupRows: 10_000 })
    const rows = await duckdb(file, 'SELECT encodings FROM parquet_metadata($file) ORDER BY row_group_id')
    expect(rows.map(([found]) => String(found).includes('DICTIONARY'))).toStrictEqual([false, true])
    expect(await readWithHyparquet(file, tableOf({ kind: 'int64' }, []).fields)).toStrictEqual(
      values.map((value) => [BigInt(value)]),
    )
  })

  test('keeps values apart whose hashes are equal', async () => {
    // Equal under the hash of two words: its high word is multiplied by this odd constant, then xored.
    const twin = (1n << 32n) | 0x9e3779b1n
    const values = numbers.map((index) => (index % 2 === 0 ? 0n : twin))
    const { file } = encode(tableOf({ kind: 'int64' }, values))
    expect(await duckdb(file, 'SELECT DISTINCT c FROM read_parquet($file) ORDER BY c')).toStrictEqual([
      [0n],
      [twin],
    ])
  })

  test('reads back at every width of its indices', async () => {
    for (const distinct of [1, 2, 3, 5, 17, 129, 257, 1025, 4097, 9000]) {
      const values = numbers.map((index) => (index * 7919) % distinct)
      const { file } = encode(tableOf({ kind: 'int64' }, values), { pageBytes: 5000 })
      const rows = await duckdb(file, 'SELECT c FROM read_parquet($file)')
      expect(rows.every(([value], index) => value === BigInt(values[index] ?? -1))).toBe(true)
    }
  })
})

describe('a file', () => {
  test('keeps required columns required and names itself and its metadata', () => {
    const table = tableOf({ kind: 'string' }, ['a'], false)
    const { file } = encode(table, { metadata: { contract: 'hr.shifts', version: '2' } })
    const metadata = parquetMetadata(new Uint8Array(file).buffer)
    expect(metadata.schema[1]?.repetition_type).toBe('REQUIRED')
    expect(metadata.created_by).toBe('tidemark')
    expect(metadata.key_value_metadata).toStrictEqual([
      { key: 'contract', value: 'hr.shifts' },
      { key: 'version', value: '2' },
    ])
  })

  test('without rows is valid and keeps its schema', async () => {
    const { file, summary } = encode(tableOf({ kind: 'decimal', precision: 12, scale: 2 }, []))
    expect(summary).toStrictEqual({ rows: 0, bytes: file.length, rowGroups: 0 })
    const described = await duckdb(file, 'DESCRIBE SELECT * FROM read_parquet($file)')
    expect(described[0]?.slice(0, 2)).toStrictEqual(['c', 'DECIMAL(12,2)'])
  })

  test('gives every type its logical type', async () => {
    const types: readonly [ParquetType, string][] = [
      [{ kind: 'boolean' }, 'BOOLEAN'],
      [{ kind: 'int32' }, 'INTEGER'],
      [{ kind: 'int32', logical: 'int16' }, 'SMALLINT'],
      [{ kind: 'int32', logical: 'date' }, 'DATE'],
      [{ kind: 'int64' }, 'BIGINT'],
      [{ kind: 'int64', logical: 'timestamp-millis' }, 'TIMESTAMP WITH TIME ZONE'],
      [{ kind: 'int64', logical: 'timestamp-micros' }, 'TIMESTAMP WITH TIME ZONE'],
      [{ kind: 'float' }, 'FLOAT'],
      [{ kind: 'double' }, 'DOUBLE'],
      [{ kind: 'string' }, 'VARCHAR'],
      [{ kind: 'binary' }, 'BLOB'],
      [{ kind: 'decimal', precision: 9, scale: 9 }, 'DECIMAL(9,9)'],
      [{ kind: 'decimal', precision: 18, scale: 0 }, 'DECIMAL(18,0)'],
      [{ kind: 'decimal', precision: 38, scale: 10 }, 'DECIMAL(38,10)'],
    ]
    const fields = types.map(([type], index) => ({ name: `c${index} "é"`, type, nullable: true }))
    const described = await duckdb(
      encode({ fields, rows: [] }).file,
      'DESCRIBE SELECT * FROM read_parquet($file)',
    )
    expect(described.map(([name, type]) => [name, type])).toStrictEqual(
      types.map(([, sql], index) => [`c${index} "é"`, sql]),
    )
  })

  test('ends a row group at either limit, and a chunk stays uncompressed where Snappy saves nothing', async () => {
    const byRows = encode(tableOf({ kind: 'int64' }, numbers), { rowGroupRows: 6000 })
    expect(byRows.summary.rowGroups).toBe(4)
    const text = numbers.slice(0, 100).map((index) => `${index}`.padStart(1000, 'x'))
    expect(encode(tableOf({ kind: 'string' }, text), { rowGroupBytes: 10_000 }).summary.rowGroups).toBe(10)
    const sql = 'SELECT DISTINCT compression FROM parquet_metadata($file)'
    expect(await duckdb(encode(tableOf({ kind: 'string' }, text)).file, sql)).toStrictEqual([['SNAPPY']])
    expect(await duckdb(encode(tableOf({ kind: 'double' }, [Math.PI])).file, sql)).toStrictEqual([
      ['UNCOMPRESSED'],
    ])
  })

  test('keeps a byte order mark that text begins with', async () => {
    const { file } = encode(tableOf({ kind: 'string' }, ['\ufeffid']))
    expect(await duckdb(file, 'SELECT hex(encode(c)) FROM read_parquet($file)')).toStrictEqual([
      ['EFBBBF6964'],
    ])
  })
})

/** The plain reading of the RLE / bit-packing hybrid, against which the encoder is held. */
function decodeHybrid(bytes: Uint8Array, bitWidth: number, count: number): number[] {
  const values: number[] = []
  let at = 0
  while (values.length < count) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      header += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    const byteAt = (index: number) => BigInt(bytes[at + index] ?? 0) << BigInt(8 * index)
    const size = header % 2 === 0 ? Math.ceil(bitWidth / 8) : (header >> 1) * bitWidth
    const bits = Array.from({ length: size }, (_, index) => byteAt(index)).reduce(
      (sum, part) => sum | part,
      0n,
    )
    at += size
    const items = header % 2 === 0 ? header >> 1 : (header >> 1) * 8
    for (let item = 0; item < items; item++) {
      const value = header % 2 === 0 ? bits : bits >> BigInt(item * bitWidth)
      values.push(Number(BigInt.asUintN(bitWidth, value)))
    }
  }
  expect(at).toBe(bytes.length)
  return values.slice(0, count)
}

test('the hybrid of runs and packed bits decodes to what was encoded', () => {
  const runsOf = fc.integer({ min: 1, max: 20 }).chain((bitWidth) =>
    fc
      .array(fc.tuple(fc.nat(2 ** bitWidth - 1), fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 70 }))), {
        maxLength: 30,
      })
      .map((groups) => ({
        bitWidth,
        values: groups.flatMap(([value, times]) => Array<number>(times).fill(value)),
      })),
  )
  fc.assert(
    fc.property(runsOf, fc.nat(5), ({ bitWidth, values }, skipped) => {
      const out = new ByteBuffer(1)
      const from = Math.min(skipped, values.length)
      encodeHybrid(out, Int32Array.from(values), from, values.length, bitWidth)
      expect(decodeHybrid(out.view(), bitWidth, values.length - from)).toStrictEqual(values.slice(from))
    }),
    { numRuns: runs(300) },
  )
})

/* Fields 1 to 4 of a page header: kind, size, stored size, checksum, each a zigzag varint behind one byte. */
function pageFields(file: Uint8Array, start: number): readonly number[] {
  let at = start
  return [1, 2, 3, 4].map(() => {
    at += 1
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = file[at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
  })
}

test.each(['snappy', 'none'] as const)('each page has the CRC-32 of its stored bytes: %s', (compression) => {
  const values = numbers.map((index) => BigInt(index % 50))
  const { file } = encode(tableOf({ kind: 'int64' }, values), { compression, dictionary: false })
  const chunk = parquetMetadata(new Uint8Array(file).buffer).row_groups[0]?.columns[0]?.meta_data
  const start = Number(chunk?.data_page_offset)
  const end = start + Number(chunk?.total_compressed_size)
  const [, whole = 0, size = 0, checksum] = pageFields(file, start)
  expect(size < whole).toBe(compression === 'snappy')
  expect(checksum).toBe(crc32(file.subarray(end - size, end)) | 0)
})
