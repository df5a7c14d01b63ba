import type { DuckDBConnection } from '@duckdb/node-api'
import { PipelineError } from '../../core/failures/failures.ts'

/*
 * Functions of DuckDB that only read. Others in a FROM write files (`enable_profiling`, `enable_logging`), change
 * settings, or run text as SQL, which would lead around this list.
 */
const READING = new Set([
  ...['range', 'generate_series', 'unnest', 'repeat', 'repeat_row', 'json_each', 'json_tree', 'summary'],
  ...['histogram', 'histogram_values', 'icu_calendar_names', 'pg_timezone_names', 'sql_auto_complete'],
  ...['duckdb_columns', 'duckdb_functions', 'duckdb_keywords', 'duckdb_schemas', 'duckdb_settings'],
  ...['duckdb_tables', 'duckdb_types', 'duckdb_views', 'duckdb_databases', 'duckdb_memory'],
  ...['pragma_table_info', 'pragma_show', 'pragma_version'],
  ...['read_parquet', 'parquet_scan', 'parquet_schema', 'parquet_metadata', 'parquet_file_metadata'],
  ...['parquet_kv_metadata', 'parquet_full_metadata', 'parquet_bloom_probe'],
])

const EXPLAIN = /^\s*explain\s+(?:analyze\s+)?/i

interface Serialized {
  readonly error: boolean
  readonly error_type?: string
  readonly statements?: readonly unknown[]
}

/** What a query reads from, in small letters. */
export interface QueryNames {
  /** Tables and views, without schemas. */
  readonly relations: ReadonlySet<string>
  /** Those that it makes itself, in WITH. */
  readonly own: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  /** Whether it asks what tables there are, or what they are like. */
  readonly isOfCatalog: boolean
}

/**
 * Accepts one SELECT (DESCRIBE, SHOW and SUMMARIZE are such, EXPLAIN explains one) that calls no function but reading
 * ones, of DuckDB or of `macros`; nothing is run. Resolves with what it names. Throws `query/refused` for anything else, and SyntaxError for text that does not parse.
 */
export async function checkQuery(
  connection: DuckDBConnection,
  sql: string,
  macros: ReadonlySet<string> = new Set(),
): Promise<QueryNames> {
  /* EXPLAIN ANALYZE runs what it explains, so that is what counts. */
  const query = sql.replace(EXPLAIN, '')
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [query])
  /* DuckDB's own JSON; its shape is what `json_serialize_sql` documents. */
  const tree = JSON.parse(String(reader.getRowsJson()[0]?.[0])) as Serialized
  if (tree.error) {
    if (tree.error_type === 'parser') throw new SyntaxError('the query does not parse')
    throw new PipelineError('query/refused', 'the statement is not a query')
  }
  const count = tree.statements?.length ?? 0
  if (count !== 1) throw new PipelineError('query/refused', `${count} statements; one at a time`)
  const names = new Names()
  names.take(tree.statements)
  for (const name of names.functions)
    if (!READING.has(name) && !macros.has(name))
      throw new PipelineError('query/refused', 'the query calls a function that does more than read the lake')
  return names
}

/* Of a statement's tree, wherever they are in it. */
class Names implements QueryNames {
  readonly relations = new Set<string>()
  readonly own = new Set<string>()
  readonly functions = new Set<string>()
  isOfCatalog = false

  take(node: unknown): void {
    if (typeof node !== 'object' || node === null) return
    const type = 'type' in node ? node.type : undefined
    if (type === 'SHOW_REF') this.isOfCatalog = true
    if (type === 'BASE_TABLE') this.relations.add(textOf(node, 'table_name'))
    if (type === 'TABLE_FUNCTION' && 'function' in node) this.call(textOf(node.function, 'function_name'))
    if ('cte_map' in node) for (const name of namesIn(node.cte_map)) this.own.add(name)
    for (const child of Object.values(node)) this.take(child)
  }

  private call(name: string): void {
    this.functions.add(name)
    if (/^(?:duckdb_|pragma_|sql_auto_complete$|summary$)/.test(name)) this.isOfCatalog = true
  }
}

function namesIn(ctes: unknown): readonly string[] {
  const map = typeof ctes === 'object' && ctes !== null && 'map' in ctes ? ctes.map : []
  return Array.isArray(map) ? map.map((one) => textOf(one, 'key')) : []
}

function textOf(node: unknown, name: string): string {
  const found = typeof node === 'object' && node !== null ? Object.entries(node) : []
  return String(found.find(([key]) => key === name)?.[1] ?? '').toLowerCase()
}
