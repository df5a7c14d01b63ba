import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { ParquetParsers } from 'hyparquet'
import { type LakeColumn, lakeColumns } from '../../core/contract/language/lake-columns.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { identifier } from '../../lake/sql/sql-text.ts'
import { hyparquetRows, unscaledOf } from '../support/hyparquet-rows.ts'
import { bitsOf, show } from './oracle.ts'

/** One row as a reader of the lake gives it; values in the form of `expectedOf`, by lake column. */
export interface Reading {
  readonly op: string
  readonly position: string
  readonly absent: readonly string[]
  readonly values: ReadonlyMap<string, string>
}

/** Every row of `relation` (a table's history, or its current view) as DuckDB reads it. */
export async function readWithDuckdb(
  connection: DuckDBConnection,
  table: Table,
  relation: 'history' | 'current',
): Promise<readonly Reading[]> {
  const columns = lakeColumns(table)
  const [database = '', name = ''] = table.name.split('.')
  const system = relation === 'history' ? '_op, _position, _absent' : "'current', _position, NULL"
  const view = `${identifier(database)}.${identifier(relation === 'history' ? `${name}_history` : name)}`
  const names = columns.map(bytesOf).join(', ')
  const result = await connection.runAndReadAll(`SELECT ${system}, ${names} FROM ${view}`)
  return result.getRows().map(([op, position, absent, ...values]) => ({
    op: String(op),
    position: String(position),
    absent: absent instanceof DuckDBListValue ? absent.items.map(String) : [],
    values: new Map(columns.map((column, i) => [column.name, show(plain(values[i] ?? null, column.type))])),
  }))
}

/*
 * Text is asked as its bytes: the Node client drops a U+FEFF at the start of a text, DuckDB itself does not. Lists of
 * text likewise.
 */
function bytesOf({ name, type }: LakeColumn): string {
  if (isText(type)) return `encode(${identifier(name)})`
  if (type.kind === 'list' && isText(type.of))
    return `list_transform(${identifier(name)}, lambda e: encode(e))`
  return identifier(name)
}

function isText({ kind }: ColumnType): boolean {
  return ['string', 'json', 'time', 'uuid', 'enum'].includes(kind)
}

function plain(value: DuckDBValue, type: ColumnType): unknown {
  if (value === null) return null
  if (value instanceof DuckDBListValue && type.kind === 'list')
    return value.items.map((item) => plain(item, type.of))
  if (value instanceof DuckDBDecimalValue) return { unscaled: value.value }
  if (value instanceof DuckDBTimestampTZValue) return value.micros
  if (value instanceof DuckDBDateValue) return BigInt(value.days)
  if (value instanceof DuckDBBlobValue)
    return isText(type) ? decoder.decode(value.bytes) : Buffer.from(value.bytes).toString('hex')
  return number(value, type)
}

function number(value: unknown, type: ColumnType): unknown {
  if (typeof value !== 'number') return value
  switch (type.kind) {
    case 'double':
    case 'real':
      return bitsOf(value)
    default:
      return BigInt(value)
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/* The library's own turn instants into dates, which hold milliseconds. */
const exactParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => millis * 1000n,
  timestampFromMicroseconds: (micros) => micros,
  dateFromDays: (days) => BigInt(days),
  stringFromBytes: (bytes) => decoder.decode(bytes),
}

/** Every row of a history file as hyparquet reads it: a reader that shares no code with DuckDB or with our writer. */
export async function readWithHyparquet(file: Uint8Array, table: Table): Promise<readonly Reading[]> {
  const rows = await hyparquetRows(file, exactParsers)
  const columns = lakeColumns(table)
  return rows.map((row) => ({
    op: String(row['_op']),
    position: String(row['_position']),
    absent: Array.isArray(row['_absent']) ? row['_absent'].map(String) : [],
    values: new Map(columns.map((column) => [column.name, show(other(row[column.name], column))])),
  }))
}

function other(value: unknown, column: Pick<LakeColumn, 'type'>): unknown {
  const { type } = column
  if (value === null || value === undefined) return null
  if (Array.isArray(value) && type.kind === 'list') return value.map((item) => other(item, { type: type.of }))
  if (type.kind === 'decimal') return { unscaled: unscaledOf(value) }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return number(value, type)
}

/** Every row of a table's history files below the folder of a run. */
export async function readHistoryFiles(root: string, table: Table): Promise<readonly Reading[]> {
  const [database = '', name = ''] = table.name.split('.')
  const folder = join(root, 'lake', database, `${name}_v${table.version}_history`)
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const files = names.filter((file) => file.endsWith('.parquet')).sort()
  const read = files.map(async (file) => readWithHyparquet(await readFile(join(folder, file)), table))
  return (await Promise.all(read)).flat()
}
