import type { Change } from '../../core/change.ts'
import type { JsonObject } from '../../core/json.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { FileColumn } from '../../lake/load-file/file-column.ts'
import { sourceRow, transferSql } from '../../lake/load-file/source-sql.ts'
import { globPath, literal } from '../../lake/sql/sql-text.ts'
import type { ReadableFile } from './readable-file.ts'

/* What JavaScript holds at a time. */
const BATCH_ROWS = 10_000
const BATCH_BYTES = 8 * 1024 * 1024
/* Of each value beside its text. */
const CELL_BYTES = 16

/** Options of a COPY into such a scratch file: neither its rows nor dictionaries of its columns are gathered in memory. */
export const SCRATCH_PARQUET =
  'FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 2048, DICTIONARY_SIZE_LIMIT 0'

/** Rows of a load file for a scratch file: numbered, with the texts that a source row is made of, and their size. */
export function sourceRowsSelect(
  { columns, relation }: Pick<ReadableFile, 'columns' | 'relation'>,
  where: string,
): string {
  const texts = columns.flatMap((column) => (column.isOwn ? [] : [`${transferSql(column)} AS ${column.ref}`]))
  const sizes = columns.flatMap(({ isOwn, ref }) => (isOwn ? [] : [`coalesce(strlen(${ref}), 0)`]))
  return `SELECT row_number() OVER () AS n, ${CELL_BYTES * sizes.length} + ${sumSql(sizes)} AS size, * FROM
    (SELECT ${texts.join(', ')} FROM ${relation} WHERE ${where})`
}

/* Of halves: DuckDB refuses what is nested a thousand levels deep, as a sum of so many columns would be. */
function sumSql(terms: readonly string[]): string {
  const middle = terms.length >>> 1
  if (middle === 0) return terms[0] ?? '0'
  return `(${sumSql(terms.slice(0, middle))} + ${sumSql(terms.slice(middle))})`
}

/**
 * The rows of such a scratch file as the stream's JSON dialect carries them, in batches of 10,000 rows or 8 MiB, whichever
 * is less; a row larger than that is alone in one.
 */
export async function* readSourceRows(
  path: string,
  columns: readonly FileColumn[],
  engine: SqlEngine,
): AsyncGenerator<readonly JsonObject[]> {
  const relation = `read_parquet(${literal(globPath(path))}, hive_partitioning = false)`
  const windows = await engine.rows(
    `SELECT min(n), max(n) FROM (SELECT n, sum(size) OVER (ORDER BY n) // ${BATCH_BYTES} AS part FROM ${relation})
    GROUP BY part, n // ${BATCH_ROWS} ORDER BY 1`,
  )
  const own = columns.filter(({ isOwn }) => !isOwn)
  const refs = own.map(({ ref }) => ref).join(', ')
  for (const [first, last] of windows) {
    const rows = await engine.rows(
      `SELECT ${refs} FROM ${relation} WHERE n BETWEEN ${Number(first)} AND ${Number(last)} ORDER BY n`,
    )
    yield rows.map((texts) => sourceRow(own, texts))
  }
}

/** A row of a load as the change that the stream would bring of it. */
export function loadChange(table: string, position: Position, data: JsonObject): Change {
  return { table, operation: 'load', position, committedAt: null, data, before: undefined }
}
