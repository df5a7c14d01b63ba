import type { ColumnType } from '../core/contract/value/type.ts'
import { athenaType } from '../glue/athena-type.ts'
import { parquetType } from '../lake/history/history-fields.ts'
import type { ParquetType } from '../lake/parquet/values/field.ts'
import { duckdbType } from '../lake/sql/duckdb-type.ts'

/* How a contract writes each type, and what the column then holds. Total: a new type without a row does not compile. */
const rows: Readonly<
  Record<
    ColumnType['kind'] | 'varchar',
    { readonly type: ColumnType; readonly col: string; readonly holds: string }
  >
> = {
  bigint: { type: { kind: 'bigint' }, col: 'col.bigint', holds: '64-bit integer' },
  integer: { type: { kind: 'integer' }, col: 'col.integer', holds: '32-bit integer' },
  smallint: { type: { kind: 'smallint' }, col: 'col.smallint', holds: '16-bit integer' },
  decimal: {
    type: { kind: 'decimal', precision: 12, scale: 2 },
    col: 'col.decimal(12, 2, …)',
    holds: 'exact decimal, 38 digits at most; never rounded',
  },
  double: { type: { kind: 'double' }, col: 'col.double', holds: 'IEEE double, NaN and infinities too' },
  real: { type: { kind: 'real' }, col: 'col.real', holds: 'IEEE single' },
  boolean: { type: { kind: 'boolean' }, col: 'col.boolean', holds: 'true or false' },
  string: { type: { kind: 'string' }, col: 'col.string', holds: 'text of any length' },
  varchar: {
    type: { kind: 'string', max: 40 },
    col: 'col.varchar(40, …)',
    holds: 'text of at most so many characters',
  },
  enum: {
    type: { kind: 'enum', values: ['a', 'b'] },
    col: "col.enum(['a', 'b'], …)",
    holds: 'one of the values listed',
  },
  uuid: { type: { kind: 'uuid' }, col: 'col.uuid', holds: 'UUID, lower case' },
  json: { type: { kind: 'json' }, col: 'col.json', holds: 'JSON text as the source wrote it, every digit' },
  date: { type: { kind: 'date' }, col: 'col.date', holds: 'day, years 1 to 9999' },
  timestamp: {
    type: { kind: 'timestamp' },
    col: 'col.timestamp',
    holds: 'instant in UTC, cut to milliseconds, which is what Athena reads',
  },
  timestampMicros: {
    type: { kind: 'timestampMicros' },
    col: 'col.timestampMicros',
    holds: 'instant in UTC, exact: beside it `<name>_micros`, a bigint of microseconds since 1970',
  },
  time: { type: { kind: 'time' }, col: 'col.time', holds: 'time of day as text, `HH:MM:SS[.ffffff]`' },
  binary: { type: { kind: 'binary' }, col: 'col.binary', holds: 'bytes' },
  list: {
    type: { kind: 'list', of: { kind: 'string' } },
    col: "col.list({ kind: 'string' }, …)",
    holds: 'PostgreSQL array of one dimension or jsonb array, elements may be null',
  },
  struct: {
    type: { kind: 'struct', fields: { day: { kind: 'date' }, note: { kind: 'string', nullable: true } } },
    col: "col.struct({ day: { kind: 'date' }, note: { kind: 'string', nullable: true } }, …)",
    holds: 'jsonb object with these fields',
  },
}

/** The column types of contracts and what they become in the lake: a Markdown table, aligned as the formatter does. */
export function typesTable(): string {
  const lines = Object.values(rows).map(({ type, col, holds }) => {
    /* The lake column of a `timestampMicros` is the milliseconds; the microseconds are a bigint beside it. */
    const lake: ColumnType = type.kind === 'timestampMicros' ? { kind: 'timestamp' } : type
    const engines = [athenaType(lake), duckdbType(lake)].map((name) => `\`${name}\``)
    return [`\`${col}\``, holds, parquetText(parquetType(lake)), ...engines]
  })
  return aligned([['in a contract', 'holds', 'Parquet', 'Athena', 'DuckDB'], ...lines])
}

function aligned([head = [], ...body]: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) => Math.max(name.length, ...body.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}

function parquetText(type: ParquetType): string {
  switch (type.kind) {
    case 'decimal':
      return `${decimalStorage(type.precision)} (decimal)`
    case 'list':
      return `list of ${parquetText(type.of.type)}`
    case 'struct':
      return `struct of ${type.fields.map((member) => parquetText(member.type)).join(', ')}`
    case 'string':
      return 'byte array (UTF-8)'
    case 'binary':
      return 'byte array'
    default:
      return 'logical' in type && type.logical !== undefined ? `${type.kind} (${type.logical})` : type.kind
  }
}

function decimalStorage(precision: number): string {
  if (precision <= 9) return 'int32'
  return precision <= 18 ? 'int64' : 'fixed 16 bytes'
}
