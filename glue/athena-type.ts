import { type ColumnType, typeName } from '../core/contract/value/type.ts'

/* Times, UUIDs, enums and JSON are text in the lake. */
const TEXT = { hive: 'string', presto: 'varchar' }

const NAMES = {
  bigint: { hive: 'bigint', presto: 'bigint' },
  integer: { hive: 'int', presto: 'integer' },
  smallint: { hive: 'smallint', presto: 'smallint' },
  double: { hive: 'double', presto: 'double' },
  real: { hive: 'float', presto: 'real' },
  boolean: { hive: 'boolean', presto: 'boolean' },
  date: { hive: 'date', presto: 'date' },
  timestamp: { hive: 'timestamp', presto: 'timestamp(3)' },
  timestampMicros: { hive: 'timestamp', presto: 'timestamp(3)' },
  binary: { hive: 'binary', presto: 'varbinary' },
  time: TEXT,
  uuid: TEXT,
  json: TEXT,
  enum: TEXT,
  string: TEXT,
} as const

/** The Athena and Hive type of a lake column: `array<struct<a:int>>`. */
export function athenaType(type: ColumnType): string {
  if (type.kind === 'decimal') return typeName(type)
  if (type.kind === 'list') return `array<${athenaType(type.of)}>`
  if (type.kind !== 'struct') return NAMES[type.kind].hive
  return `struct<${Object.entries(type.fields).map(([name, field]) => `${name}:${athenaType(field)}`)}>`
}

/** Athena's name of it in SQL, which the text of a view needs: `array(row("a" integer))`. */
export function prestoType(type: ColumnType): string {
  if (type.kind === 'decimal') return typeName(type)
  if (type.kind === 'list') return `array(${prestoType(type.of)})`
  if (type.kind !== 'struct') return NAMES[type.kind].presto
  const fields = Object.entries(type.fields).map(([name, field]) => `"${name}" ${prestoType(field)}`)
  return `row(${fields.join(', ')})`
}
