import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { ParquetParsers } from 'hyparquet'
import type { ParquetField, ParquetType, ParquetValue } from '../../../lake/parquet/values/field.ts'
import { type ParquetOptions, type ParquetSummary, parquetWriter } from '../../../lake/parquet/writer.ts'
import { hyparquetRows, unscaledOf } from '../../support/hyparquet-rows.ts'
import type { AnyTable } from './any-table.ts'

/** A table as one file in memory. */
export function encode(
  table: AnyTable,
  options?: ParquetOptions,
): { readonly file: Uint8Array; readonly summary: ParquetSummary } {
  const parts: Uint8Array[] = []
  const writer = parquetWriter(table.fields, (bytes) => parts.push(bytes), options)
  for (const row of table.rows) {
    for (const [index, column] of writer.columns.entries()) column.append(row[index] ?? null)
    writer.endRow()
  }
  const summary = writer.finish()
  return { file: Buffer.concat(parts), summary }
}

/** Runs SQL in which `$file` stands for the given Parquet bytes. */
export async function duckdb(file: Uint8Array, sql: string): Promise<DuckDBValue[][]> {
  const path = join(tmpdir(), `tidemark-${randomUUID()}.parquet`)
  writeFileSync(path, file)
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const result = await connection.runAndReadAll(sql.replaceAll('$file', `'${path}'`))
    return result.getRows()
  } finally {
    connection.closeSync()
    instance.closeSync()
    rmSync(path)
  }
}

/** Every row as DuckDB reads it, in the form that `comparable` gives. */
export async function readWithDuckdb(file: Uint8Array): Promise<unknown[][]> {
  const rows = await duckdb(file, 'SELECT * FROM read_parquet($file)')
  return rows.map((row) => row.map(fromDuckdb))
}

function fromDuckdb(value: DuckDBValue): unknown {
  if (value instanceof DuckDBDecimalValue) return { unscaled: value.value }
  if (value instanceof DuckDBTimestampTZValue) return value.micros
  if (value instanceof DuckDBDateValue) return value.days
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex')
  if (value instanceof DuckDBListValue) return value.items.map(fromDuckdb)
  if (value instanceof DuckDBStructValue) return Object.values(value.entries).map(fromDuckdb)
  return value
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const exactParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => millis * 1000n,
  timestampFromMicroseconds: (micros) => micros,
  dateFromDays: (days) => days,
  stringFromBytes: (bytes) => decoder.decode(bytes),
}

/** Every row as hyparquet reads it, in the form that `comparable` gives. */
export async function readWithHyparquet(
  file: Uint8Array,
  fields: readonly ParquetField[],
): Promise<unknown[][]> {
  const rows = await hyparquetRows(file, exactParsers)
  return rows.map((row) => fields.map(({ name, type }) => fromHyparquet(row[name], type)))
}

function fromHyparquet(value: unknown, type: ParquetType): unknown {
  if (value === null || value === undefined) return null
  if (type.kind === 'list')
    return Array.isArray(value) ? value.map((item) => fromHyparquet(item, type.of.type)) : value
  if (type.kind === 'struct') {
    const members = new Map(Object.entries(value))
    return type.fields.map((field) => fromHyparquet(members.get(field.name), field.type))
  }
  if (type.kind === 'decimal') return { unscaled: unscaledOf(value) }
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

/**
 * A canonical value in the form in which both readers' values are compared: integers of 64 bits as
 * bigint, timestamps in microseconds, decimals as their digits, bytes as hex, structs as arrays.
 */
function comparable(value: ParquetValue, type: ParquetType): unknown {
  if (value === null) return null
  switch (type.kind) {
    case 'boolean':
    case 'int32':
    case 'double':
    case 'string':
      return value
    case 'int64':
      return BigInt(String(value)) * (type.logical === 'timestamp-millis' ? 1000n : 1n)
    case 'float':
      return Math.fround(Number(value))
    case 'binary':
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
    case 'decimal':
      return { unscaled: BigInt(String(value).replace('.', '')) }
    case 'list':
      return Array.isArray(value) ? value.map((item) => comparable(item, type.of.type)) : value
    case 'struct': {
      const members = Array.isArray(value) ? value : Object.values(value)
      return type.fields.map((field, index) => comparable(members[index], field.type))
    }
  }
}

export function comparableRows(table: AnyTable): unknown[][] {
  return table.rows.map((row) => table.fields.map(({ type }, index) => comparable(row[index] ?? null, type)))
}
