import type { ColumnType } from '../../core/contract/value/type.ts'
import { identifier } from './sql-text.ts'

const TYPES: Readonly<Partial<Record<ColumnType['kind'], string>>> = {
  bigint: 'BIGINT',
  integer: 'INTEGER',
  smallint: 'SMALLINT',
  double: 'DOUBLE',
  real: 'FLOAT',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  timestampMicros: 'TIMESTAMPTZ',
  binary: 'BLOB',
}

/** DuckDB's type of a lake column, which COPY writes as history's Parquet type. */
export function duckdbType(type: ColumnType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'list':
      return `${duckdbType(type.of)}[]`
    case 'struct': {
      const fields = Object.entries(type.fields).map(
        ([name, field]) => `${identifier(name)} ${duckdbType(field)}`,
      )
      return `STRUCT(${fields.join(', ')})`
    }
    default:
      return TYPES[type.kind] ?? 'VARCHAR'
  }
}
