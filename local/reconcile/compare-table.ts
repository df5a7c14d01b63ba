import type { DuckDBConnection } from '@duckdb/node-api'
import type { LakeColumn } from '../../core/contract/lake-columns.ts'
import type { Table } from '../../core/contract/table.ts'
import type { CatalogEntry } from '../../core/ports.ts'
import type { Position } from '../../core/position.ts'
import { currentSelect } from '../../lake/current-sql.ts'
import { historySelect } from '../../lake/history-sql.ts'
import { literal } from '../../lake/sql-text.ts'
import { joinedText, lakeText } from './lake-text.ts'

/** One key that differs between source and lake. */
export interface Difference {
  /** Comparison text of the key: each column with its length in front. */
  readonly key: string
  readonly kind: 'missing in the lake' | 'not in the source' | 'different'
  /** Position of the lake's row and the columns its change did not bring; null where the lake has none. */
  readonly position: Position | null
  readonly hasAbsent: boolean
}

export interface Comparison {
  readonly sourceRows: number
  readonly lakeRows: number
  readonly differences: readonly Difference[]
  readonly differenceCount: number
}

/* More keys than these are counted, not listed. */
const MAX_LISTED = 10_000

/** Compares the digests of a source table with the lake's rows as of a position, by key and content, inside DuckDB. */
export async function compareTable(
  connection: DuckDBConnection,
  options: {
    readonly table: Table
    /** What is compared: the lake columns that the source has. */
    readonly columns: readonly LakeColumn[]
    readonly entry: CatalogEntry
    readonly root: string
    readonly file: string
    readonly asOf: Position
  },
): Promise<Comparison> {
  const { table, entry, root, file, asOf } = options
  const { columns } = options
  const keys = columns.filter(({ contractColumn }) => table.primaryKey.includes(contractColumn))
  const current = currentSelect(entry, `(${historySelect(entry, root)})`, {
    asOf,
    system: ['_position', '_absent'],
  })
  await connection.run(`
    CREATE OR REPLACE TEMP TABLE source_side AS SELECT key, digest FROM read_csv(${literal(file)}, auto_detect = false, header = false,
      columns = {'key': 'VARCHAR', 'digest': 'VARCHAR'}, delim = ',', quote = '"', escape = '"', parallel = false, nullstr = '\\N');
    CREATE OR REPLACE TEMP TABLE lake_side AS SELECT ${joinedText(keys.map(lakeText))} AS key,
      md5(${joinedText(columns.map(lakeText))}) AS digest, _position, coalesce(len(_absent), 0) > 0 AS has_absent
      FROM (${current})`)
  const counts = await connection.runAndReadAll(`
    SELECT (SELECT count(*) FROM source_side)::INTEGER, (SELECT count(*) FROM lake_side)::INTEGER,
      (SELECT count(*) FROM ${MISMATCH})::INTEGER`)
  const found = await connection.runAndReadAll(`SELECT * FROM ${MISMATCH} ORDER BY key LIMIT ${MAX_LISTED}`)
  await connection.run('DROP TABLE source_side; DROP TABLE lake_side')
  const [sourceRows, lakeRows, differenceCount] = (counts.getRowsJson()[0] ?? []).map(Number)
  return {
    sourceRows: sourceRows ?? 0,
    lakeRows: lakeRows ?? 0,
    differenceCount: differenceCount ?? 0,
    differences: found.getRowsJson().map(([key, inSource, inLake, position, hasAbsent]) => ({
      key: String(key),
      kind: inLake !== true ? 'missing in the lake' : inSource !== true ? 'not in the source' : 'different',
      position: position === null || position === undefined ? null : String(position),
      hasAbsent: hasAbsent === true,
    })),
  }
}

/* Keys are compared as sets of rows: a key that one side has twice differs too. */
const MISMATCH = `(
  SELECT coalesce(s.key, l.key) AS key, s.rows > 0 AS in_source, l.rows > 0 AS in_lake, l.position, l.has_absent
  FROM (SELECT key, count(*) AS rows, string_agg(digest, ',' ORDER BY digest) AS digests FROM source_side GROUP BY key) s
  FULL JOIN (SELECT key, count(*) AS rows, string_agg(digest, ',' ORDER BY digest) AS digests,
      max(_position) AS position, bool_or(has_absent) AS has_absent FROM lake_side GROUP BY key) l ON s.key = l.key
  WHERE s.digests IS DISTINCT FROM l.digests
)`
