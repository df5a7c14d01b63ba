import { COLUMNS_ENTRY, type FileColumns } from '../../../lake/load-file/file-column.ts'
import { globPath, identifier, literal } from '../../../lake/sql/sql-text.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { quoteIdentifier } from '../connection/quote-identifier.ts'
import { type LoadColumn, loadColumn } from './load-column.ts'
import type { RowChunk } from './row-chunks.ts'

/** DMS's own column, before those of the table: when the row was transferred. */
const TRANSFER_COLUMN = 'DMS_TIMESTAMP'

/* DMS's default; DuckDB writes whole vectors, so some hundreds more. */
const ROW_GROUP_ROWS = 10_000
const BUFFER_BYTES = 8 * 1024 * 1024

const NUMBERS: readonly number[] = [20, 21, 23, 700, 701, 1700]

/* Snappy is faster than the disk; a dictionary is no faster, and DuckDB's has one value for 0 and -0. */
const ENCODING = 'COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 0'

/**
 * A statement that writes a chunk as the Parquet file that DMS would write, and gives its number of rows. Fails when a
 * value does not fit its type in a column that is not among `asText`. `at` is the time of transfer in ms. Of names that are
 * the same but for case DuckDB changes the later ones: the true names are in the footer, too.
 */
export function writeFileSql(
  table: SourceTable,
  chunk: RowChunk,
  file: { readonly path: string; readonly at: number; readonly asText: ReadonlySet<number> },
): string {
  const values = loadColumns(table).map(({ typed, text }, index) =>
    typed === null || file.asText.has(index) ? { sql: text, isText: true } : { sql: typed, isText: false },
  )
  const columns = table.columns.map(({ name }, index) => `${values[index]?.sql} AS ${quoteIdentifier(name)}`)
  const at = `${literal(transferTime(file.at))} AS ${quoteIdentifier(TRANSFER_COLUMN)}`
  const own: FileColumns = {
    names: table.columns.map(({ name }) => name),
    numbers: table.columns.flatMap(({ baseTypeOid }, index) =>
      NUMBERS.includes(baseTypeOid) && values[index]?.isText === true ? [index] : [],
    ),
  }
  return `COPY (SELECT ${[at, ...columns].join(',\n')} FROM ${chunkRows(table, chunk)}) TO ${literal(file.path)}
    (FORMAT parquet, ${ENCODING}, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}, USE_TMP_FILE false,
    KV_METADATA {'${COLUMNS_ENTRY}': ${literal(JSON.stringify(own))}})`
}

/** A query with one row: for each column whether some value of the chunk does not fit its type, or null. */
export function unfitColumnsSql(table: SourceTable, chunk: RowChunk): string {
  const columns = loadColumns(table).map(({ fits }) =>
    fits === null ? 'false' : `coalesce(bool_or(NOT (${fits})), false)`,
  )
  return `SELECT ${columns.join(',\n')} FROM ${chunkRows(table, chunk)}`
}

function loadColumns(table: SourceTable): readonly LoadColumn[] {
  return table.columns.map((column, index) => loadColumn(column, rawColumn(index)))
}

/* The first column of COPY is no value, see `copyTable`. */
function rawColumn(index: number): string {
  return identifier(`c${index + 1}`)
}

/* COPY's text format. Quotes, comments and the like have no meaning; a row of another shape is an error. */
function chunkRows(table: SourceTable, { paths, mostBytes, longestRow }: RowChunk): string {
  const names = ['c0', ...table.columns.map((_, index) => `c${index + 1}`)]
  const columns = names.map((name) => `${identifier(name)}: 'VARCHAR'`).join(', ')
  /* Unless told, DuckDB takes a buffer of 16 times the longest row. Its parallel reader loses rows that cross buffers. */
  const longest = longestRow + 1024
  /* No larger than a file: a buffer is touched whole. */
  const buffer = Math.max(longest, Math.min(mostBytes + 1024, BUFFER_BYTES))
  const files = paths.map((path) => literal(globPath(path))).join(', ')
  return `read_csv([${files}], hive_partitioning = false, auto_detect = false, header = false, delim = '\t', new_line = '\\n',
    quote = '', escape = '', comment = '', nullstr = '\\N', null_padding = false, strict_mode = true, ignore_errors = false,
    encoding = 'utf-8', compression = 'none', parallel = false, max_line_size = ${longest}, buffer_size = ${buffer},
    columns = {${columns}})`
}

function transferTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, -1).replace('T', ' ')}000`
}
