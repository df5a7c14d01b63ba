import type { DuckDBConnection } from '@duckdb/node-api'
import { PipelineError } from '../../core/failures.ts'

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

/**
 * Accepts one SELECT (DESCRIBE, SHOW and SUMMARIZE are such, EXPLAIN explains one) that calls no function but reading
 * ones, of DuckDB or of `macros`; nothing is run. Throws `query/refused` for anything else, and SyntaxError for text that does not parse.
 */
export async function checkQuery(
  connection: DuckDBConnection,
  sql: string,
  macros: ReadonlySet<string> = new Set(),
): Promise<void> {
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
  for (const name of tableFunctions(tree.statements)) {
    if (!READING.has(name.toLowerCase()) && !macros.has(name.toLowerCase()))
      throw new PipelineError('query/refused', 'the query calls a function that does more than read the lake')
  }
}

/** Names of the functions in FROM clauses, anywhere in a statement's tree. */
function* tableFunctions(node: unknown): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  if ('type' in node && node.type === 'TABLE_FUNCTION' && 'function' in node)
    yield functionName(node.function)
  for (const child of Object.values(node)) yield* tableFunctions(child)
}

function functionName(call: unknown): string {
  const isNamed = typeof call === 'object' && call !== null && 'function_name' in call
  return isNamed ? String(call.function_name) : ''
}
