import type { CatalogEntry } from '../core/ports.ts'
import { globPath, identifier, literal } from './sql-text.ts'

/**
 * SELECT of every history row of a table, DuckDB dialect, from the files below `root`. The empty relation in front
 * gives every column its type also where no file has it yet.
 */
export function historySelect({ table, partitions }: CatalogEntry, root: string): string {
  const columns = table.columns.map(({ name, type }) => `NULL::${duckdbType(type)} AS ${identifier(name)}`)
  const empty = `SELECT ${[...emptySystem, ...columns].join(', ')} WHERE false`
  /* DuckDB refuses a glob without files; a registered partition always has one. */
  if (partitions.length === 0) return empty
  const files = literal(`${globPath(root)}/${table.location}/ingest_date=*/*.parquet`)
  return `${empty} UNION ALL BY NAME SELECT * FROM read_parquet(${files}, union_by_name = true, hive_partitioning = true)`
}

const emptySystem = [
  `NULL::VARCHAR AS _op`,
  `NULL::VARCHAR AS _position`,
  `NULL::INTEGER AS _revision`,
  `NULL::TIMESTAMPTZ AS _committed_at`,
  `NULL::VARCHAR[] AS _absent`,
  `NULL::VARCHAR AS _extra`,
  `NULL::DATE AS ingest_date`,
]

const TYPES: Readonly<Record<string, string>> = {
  bigint: 'BIGINT',
  int: 'INTEGER',
  smallint: 'SMALLINT',
  double: 'DOUBLE',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  string: 'VARCHAR',
  binary: 'BLOB',
}

/** DuckDB's name of an Athena type. Throws RangeError for a type that the catalog never holds. */
export function duckdbType(athenaType: string): string {
  const [, element] = /^array<(.+)>$/.exec(athenaType) ?? []
  if (element !== undefined) return `${duckdbType(element)}[]`
  if (/^decimal\(\d{1,2},\d{1,2}\)$/.test(athenaType)) return athenaType.toUpperCase()
  const type = TYPES[athenaType]
  if (type === undefined) throw new RangeError('not a type of the catalog')
  return type
}
