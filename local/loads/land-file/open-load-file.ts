import { rm } from 'node:fs/promises'
import type { MaskKey } from '../../../core/contract/pii.ts'
import type { HistoryFiles, ObjectFiles, SqlEngine } from '../../../core/ports.ts'
import type { OpenLoadFile } from '../../../ingest/land-load-file.ts'
import {
  type FileColumn,
  fileTypeOf,
  OPERATION_COLUMN,
  TIME_COLUMN,
} from '../../../lake/load-file/file-column.ts'
import { fileRelation } from '../../../lake/load-file/load-sql.ts'
import { literal } from '../../../lake/sql-text.ts'
import { loadFileSource } from './load-file-source.ts'
import { corrupt, fromFile } from './readable-file.ts'
import { rewriteLoadFile } from './rewrite-load-file.ts'

export interface LoadFileDeps {
  readonly engine: SqlEngine
  readonly files: Pick<ObjectFiles, 'read' | 'scratch'>
  readonly historyFiles: HistoryFiles
  readonly key: MaskKey
  /** Of a load file, unzipped (default 8 GiB): DMS's own limit is 1 GiB. */
  readonly maxBytes?: number
}

/*
 * A reload writes other content under the same key. DuckDB keeps what it read of a path, and tells a new file by its size
 * and a coarse time: it would read pages of the old one.
 */
const NO_CACHE = 'SET enable_external_file_cache = false'
const MAX_BYTES = 8 * 1024 ** 3

/**
 * Opens a full-load file for DuckDB: its name is not looked at, its content is. `sources` are the source columns that the
 * contracts of the table name: DMS's own columns are told from those. Throws `landing/corrupt`.
 */
export async function openLoadFile(
  key: string,
  table: string,
  sources: ReadonlySet<string>,
  deps: LoadFileDeps,
): Promise<OpenLoadFile> {
  await deps.engine.run(NO_CACHE)
  const { path, isScratch } = await loadFileSource(key, deps.files, deps.maxBytes ?? MAX_BYTES)
  const scratch: string[] = isScratch ? [path] : []
  const close = async () => {
    for (const file of scratch) await rm(file, { force: true })
  }
  try {
    const columns = await columnsOf(key, path, sources, deps.engine)
    const relation = fileRelation(path, columns.length)
    const rows = await rowsOf(key, path, deps.engine)
    await checkOperations(key, columns, relation, deps.engine)
    const file = { key, table, rows, columns, relation }
    return {
      rows,
      columns: columns.filter(({ isOwn }) => !isOwn).map(({ name }) => name),
      prepare: (contract, place) => rewriteLoadFile(file, contract, place, { ...deps, scratch }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/*
 * Names as they are in the footer: DuckDB makes `a` and `A` two names of its own. Types as DuckDB reads them. Of a flat
 * file, which every full load is, both lists have the same length.
 */
async function columnsOf(
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
  const names = leaves.slice(1).map(([name]) => Buffer.from(String(name), 'base64').toString('utf8'))
  if (names.length !== types.length) throw corrupt(key, 'expected flat columns, found nested ones')
  if (new Set(names).size !== names.length)
    throw corrupt(key, 'expected columns of different names, found two alike')
  return names.map((name, index) => {
    const found = String(types[index]?.[0])
    const type = fileTypeOf(found)
    if (type === undefined)
      throw corrupt(key, `expected a type of full loads in column ${name}, found ${found}`)
    const isOwn = (name === TIME_COLUMN || name === OPERATION_COLUMN) && !sources.has(name)
    return { name, type, ref: `c${index}`, isOwn }
  })
}

async function rowsOf(key: string, path: string, engine: SqlEngine): Promise<number> {
  const [[rows] = []] = await fromFile(key, () =>
    engine.rows(`SELECT num_rows FROM parquet_file_metadata(${literal(path)})`),
  )
  return Number(rows)
}

/* Files of ongoing replication have other operations: they have no place in the commit order. */
async function checkOperations(
  key: string,
  columns: readonly FileColumn[],
  relation: string,
  engine: SqlEngine,
): Promise<void> {
  const operation = columns.find(({ name, isOwn }) => isOwn && name === OPERATION_COLUMN)
  if (operation === undefined) return
  const isInsert = operation.type.kind === 'text' ? `${operation.ref} = 'I'` : 'false'
  const [[others] = []] = await fromFile(key, () =>
    engine.rows(`SELECT count(*) FROM ${relation} WHERE (${isInsert}) IS NOT TRUE`),
  )
  if (Number(others) > 0)
    throw corrupt(key, `expected only rows of a full load (${OPERATION_COLUMN} is I), found ${others} others`)
}
