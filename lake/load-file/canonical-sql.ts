import type { CanonicalValue } from '../../core/block.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { duckdbType } from '../sql/duckdb-type.ts'
import { literal } from '../sql/sql-text.ts'
import { decimalText } from './decimal-text.ts'
import { flooredToMillis } from './fast-value.ts'

/** The literal of a canonical value as `FastValue` has it: instants as microseconds. Lists and structs have none. */
export function canonicalSql(type: ColumnType, value: CanonicalValue): string | undefined {
  switch (type.kind) {
    case 'list':
    case 'struct':
      return undefined
    case 'timestamp':
      return typeof value === 'number' ? `${BigInt(value) * 1000n}::BIGINT` : undefined
    case 'timestampMicros':
      return `${BigInt(String(value))}::BIGINT`
    case 'binary':
      return `unhex(${literal(String(value))})`
    default:
      return `CAST(${literal(String(value))} AS ${duckdbType(type)})`
  }
}

/** What the lake's own column holds of a value in the form of `FastValue`. */
export function lakeSql(type: ColumnType, part: 'value' | 'millis' | 'micros', sql: string): string {
  if (part === 'micros') return sql
  if (part === 'millis') return `make_timestamptz(${flooredToMillis(sql)})`
  return type.kind === 'timestamp' ? `make_timestamptz(${sql})` : sql
}

/** The canonical value as text, which masks are made of; undefined for types whose text is not certain. */
export function canonicalTextSql(type: ColumnType, sql: string): string | undefined {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
    case 'date':
    case 'boolean':
      return `CAST(${sql} AS VARCHAR)`
    case 'decimal':
      return decimalText(type, sql)
    case 'time':
    case 'uuid':
    case 'enum':
    case 'json':
    case 'string':
      return sql
    case 'binary':
      return `lower(hex(${sql}))`
    default:
      return undefined
  }
}
