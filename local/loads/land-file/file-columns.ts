import type { SqlEngine } from '../../../core/ports.ts'
import {
  COLUMNS_ENTRY,
  type FileColumn,
  fileTypeOf,
  OPERATION_COLUMN,
  TIME_COLUMN,
} from '../../../lake/load-file/file-column.ts'
import { literal } from '../../../lake/sql-text.ts'
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
    engine.rows(`SELECT base64(encode(name)) FROM parquet_schema(${file}) ORDER BY column_id`),
  )
  const types = await fromFile(key, () =>
    engine.rows(
      `SELECT column_type FROM (DESCRIBE SELECT * FROM read_parquet(${file}, hive_partitioning = false))`,
    ),
  )
  const written = leaves.slice(1).map(([name]) => decoded(name))
  /* Of a flat file, which every full load is, both lists have the same length. */
  if (written.length !== types.length) throw corrupt(key, 'expected flat columns, found nested ones')
  const own = await ownNames(key, file, written.length - 1, engine)
  const names = own === undefined ? written : written.slice(0, 1).concat(own)
  const isOwn = (name: string, index: number) =>
    own === undefined ? OWN.has(name) && !sources.has(name) : index === 0
  const columns = names.map((name, index): FileColumn => {
    const found = String(types[index]?.[0])
    const type = fileTypeOf(found)
    if (type === undefined)
      throw corrupt(key, `expected a type of full loads in column ${name}, found ${found}`)
    return { name, type, ref: `c${index}`, isOwn: isOwn(name, index) }
  })
  const named = own ?? written
  if (new Set(named).size !== named.length)
    throw corrupt(key, 'expected columns of different names, found two alike')
  return columns
}

const OWN: ReadonlySet<string> = new Set([TIME_COLUMN, OPERATION_COLUMN])

/* The table's own names out of the footer; undefined in a file of another writer. */
async function ownNames(
  key: string,
  file: string,
  count: number,
  engine: SqlEngine,
): Promise<readonly string[] | undefined> {
  const [row] = await fromFile(key, () =>
    engine.rows(
      `SELECT base64(value) FROM parquet_kv_metadata(${file}) WHERE key = encode(${literal(COLUMNS_ENTRY)})`,
    ),
  )
  if (row === undefined) return undefined
  const names: unknown = parsed(decoded(row[0]))
  const isSound = Array.isArray(names) && names.length === count
  if (!isSound) throw corrupt(key, `expected the names of ${count} columns in its footer, found others`)
  return names.map(String)
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
