import * as z from 'zod'
import { readJson } from '../../core/json.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import {
  COLUMNS_ENTRY,
  type FileColumn,
  type FileColumns,
  type FileType,
  fileTypeOf,
  OPERATION_COLUMN,
  TIME_COLUMN,
} from '../../lake/load-file/file-column.ts'
import { literal } from '../../lake/sql/sql-text.ts'
import { corrupt, fromFile } from './readable-file.ts'

/** What a load file says of itself. */
export interface FileDescription {
  readonly columns: readonly FileColumn[]
  readonly rows: number
}

/**
 * The columns of a load file at `path`, and the rows that its footer says it has. Names are those of the footer, for DuckDB
 * makes `a` and `A` two names of its own; a file of our replicator says itself which are the table's. In another one,
 * `sources`, the columns that contracts name, tell DMS's own from those. Throws `landing/corrupt`.
 */
export async function describeFile(
  key: string,
  path: string,
  sources: ReadonlySet<string>,
  engine: SqlEngine,
): Promise<FileDescription> {
  const parts = await fromFile(key, () => engine.rows(footerSql(literal(path))))
  const part = (number: number) => parts.flatMap(([found, ...rest]) => (found === number ? [rest] : []))
  const [leaves, types, [entry], [[rows] = []]] = [part(0), part(1), part(2), part(3)]
  const written = leaves.slice(1).map(([name]) => decoded(name))
  /* Of a flat file, which every full load is, both lists have the same length. */
  if (written.length !== types.length) throw corrupt(key, 'expected flat columns, found nested ones')
  const own = entry === undefined ? undefined : ownColumns(key, decoded(entry[0]), written.length - 1)
  const names = own === undefined ? written : [...written.slice(0, 1), ...own.names]
  const numbers = new Set(own?.numbers.map((place) => place + 1))
  const isOwn = (name: string, index: number) =>
    own === undefined ? OWN.has(name) && !sources.has(name) : index === 0
  const columns = names.map((name, index): FileColumn => {
    const found = String(types[index]?.[0])
    const type = fileTypeOf(found)
    const inexact = leaves[index + 1]?.[1] ?? null
    if (type === undefined || inexact !== null)
      throw corrupt(key, `expected a type of full loads in column ${name}, found ${inexact ?? found}`)
    const isNumber = type.kind === 'text' && numbers.has(index)
    const kept: FileType = isNumber ? { kind: 'number' } : type
    return { name, type: kept, ref: `c${index}`, isOwn: isOwn(name, index) }
  })
  const named = own?.names ?? written
  if (new Set(named).size !== named.length)
    throw corrupt(key, 'expected columns of different names, found two alike')
  return { columns, rows: Number(rows) }
}

/* Names, types, what our replicator wrote beside them, and the number of rows: one statement, for each opens the file. */
function footerSql(file: string): string {
  return `SELECT part, text, fault FROM (
      SELECT 0 AS part, column_id AS place, base64(encode(name)) AS text, ${INEXACT} AS fault FROM parquet_schema(${file})
      UNION ALL SELECT 1, row_number() OVER (), column_type, NULL
        FROM (DESCRIBE SELECT * FROM read_parquet(${file}, hive_partitioning = false))
      UNION ALL SELECT 2, 0, base64(value), NULL FROM parquet_kv_metadata(${file})
        WHERE key = encode(${literal(COLUMNS_ENTRY)})
      UNION ALL SELECT 3, 0, num_rows::VARCHAR, NULL FROM parquet_file_metadata(${file}))
    ORDER BY part, place`
}

/*
 * Types that DuckDB reads, but not exactly: decimals that its own cannot hold become doubles, and what is in nanoseconds is
 * cut to microseconds.
 */
const INEXACT = `CASE
  WHEN precision > 38 THEN 'a decimal of ' || precision || ' digits'
  WHEN type = 'INT96' THEN 'INT96, which is in nanoseconds'
  WHEN contains(logical_type, 'NANOS=NanoSeconds') THEN 'nanoseconds' END`

const OWN: ReadonlySet<string> = new Set([TIME_COLUMN, OPERATION_COLUMN])

const columnsEntry = z.object({ names: z.array(z.string()), numbers: z.array(z.number().int()) })

/* What the footer says of the table's own columns; a file of another writer says nothing. */
function ownColumns(key: string, text: string, count: number): FileColumns {
  const entry = columnsEntry.safeParse(readJson(text))
  if (!entry.success || entry.data.names.length !== count)
    throw corrupt(key, `expected the names of ${count} columns in its footer, found others`)
  return entry.data
}

function decoded(base64: unknown): string {
  return Buffer.from(String(base64), 'base64').toString('utf8')
}
