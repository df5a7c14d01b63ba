import * as z from 'zod'
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

/**
 * The columns of a load file at `path`. Their names are those of the footer, for DuckDB makes `a` and `A` two names of its
 * own; a file of our replicator says itself which are the table's. In another one, `sources`, the columns that contracts
 * name, tell DMS's own from those. Throws `landing/corrupt`.
 */
export async function fileColumns(
  key: string,
  path: string,
  sources: ReadonlySet<string>,
  engine: SqlEngine,
): Promise<readonly FileColumn[]> {
  const file = literal(path)
  const leaves = await fromFile(key, () =>
    engine.rows(`SELECT base64(encode(name)), ${INEXACT} FROM parquet_schema(${file}) ORDER BY column_id`),
  )
  const types = await fromFile(key, () =>
    engine.rows(
      `SELECT column_type FROM (DESCRIBE SELECT * FROM read_parquet(${file}, hive_partitioning = false))`,
    ),
  )
  const written = leaves.slice(1).map(([name]) => decoded(name))
  /* Of a flat file, which every full load is, both lists have the same length. */
  if (written.length !== types.length) throw corrupt(key, 'expected flat columns, found nested ones')
  const own = await ownColumns(key, file, written.length - 1, engine)
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
  return columns
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

/* What the footer says of the table's own columns; undefined in a file of another writer. */
async function ownColumns(
  key: string,
  file: string,
  count: number,
  engine: SqlEngine,
): Promise<FileColumns | undefined> {
  const [row] = await fromFile(key, () =>
    engine.rows(
      `SELECT base64(value) FROM parquet_kv_metadata(${file}) WHERE key = encode(${literal(COLUMNS_ENTRY)})`,
    ),
  )
  if (row === undefined) return undefined
  const entry = columnsEntry.safeParse(parsed(decoded(row[0])))
  if (!entry.success || entry.data.names.length !== count)
    throw corrupt(key, `expected the names of ${count} columns in its footer, found others`)
  return entry.data
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function decoded(base64: unknown): string {
  return Buffer.from(String(base64), 'base64').toString('utf8')
}
