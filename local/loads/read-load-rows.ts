import { rm } from 'node:fs/promises'
import type { Change } from '../../core/change.ts'
import type { ObjectFiles, SqlEngine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { describeFile } from '../../engine/load-file/describe-file.ts'
import { loadFileSource } from '../../engine/load-file/load-file-source.ts'
import { fromFile } from '../../engine/load-file/readable-file.ts'
import {
  loadChange,
  readSourceRows,
  SCRATCH_PARQUET,
  sourceRowsSelect,
} from '../../engine/load-file/source-rows.ts'
import { fileRelation } from '../../lake/load-file/load-sql.ts'
import { literal } from '../../lake/sql/sql-text.ts'

export interface LoadRowsOptions {
  readonly engine: SqlEngine
  readonly files: Pick<ObjectFiles, 'read' | 'scratch'>
  /** Source table of the file, and where its load ranks. */
  readonly table: string
  readonly position: Position
  /** Gives the engine the memory that a table with so many columns needs. */
  readonly makeRoom?: (columns: number) => Promise<void>
  /** Rows at most (default all). */
  readonly limit?: number
}

/**
 * The rows of a load file of our replicator as changes, each value as the stream would bring it, in no order. Holds a batch
 * of 10,000 rows or 8 MiB; a scratch file, deleted at the end, has the texts of all. Throws `landing/corrupt`.
 */
export async function* readLoadRows(
  key: string,
  { engine, files, table, position, makeRoom, limit }: LoadRowsOptions,
): AsyncGenerator<Change> {
  const { path, isScratch } = await loadFileSource(key, files)
  const rest = await files.scratch('load-rows')
  try {
    const { columns } = await describeFile(key, path, new Set(), engine)
    if (columns.every(({ isOwn }) => isOwn)) return
    await makeRoom?.(columns.length)
    const all = fileRelation(path, columns.length)
    const refs = columns.map(({ ref }) => ref).join(', ')
    const relation = limit === undefined ? all : `(SELECT ${refs} FROM ${all} LIMIT ${Math.trunc(limit)})`
    const select = sourceRowsSelect({ columns, relation }, 'true')
    await fromFile(key, () => engine.run(`COPY (${select}) TO ${literal(rest)} (${SCRATCH_PARQUET})`))
    for await (const rows of readSourceRows(rest, columns, engine))
      for (const row of rows) yield loadChange(table, position, row)
  } finally {
    await rm(rest, { force: true })
    if (isScratch) await rm(path, { force: true })
  }
}
