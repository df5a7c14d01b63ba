import { rm } from 'node:fs/promises'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { HistoryFiles, ObjectFiles, SqlEngine } from '../../core/ports/ports.ts'
import type { OpenLoadFile } from '../../ingest/land/land-load-file.ts'
import { type FileColumn, OPERATION_COLUMN } from '../../lake/load-file/file-column.ts'
import { fileRelation } from '../../lake/load-file/load-sql.ts'
import { describeFile } from './describe-file.ts'
import { loadFileSource } from './load-file-source.ts'
import { byValues, corrupt, fromFile } from './readable-file.ts'
import { rewriteLoadFile } from './rewrite-load-file.ts'

export interface LoadFileDeps {
  readonly engine: SqlEngine
  readonly files: Pick<ObjectFiles, 'read' | 'scratch'>
  readonly historyFiles: HistoryFiles
  readonly key: MaskKey
  /** Of a load file, unzipped (default 8 GiB): DMS's own limit is 1 GiB. */
  readonly maxBytes?: number
}

/**
 * Opens a full-load file for DuckDB: its name is not looked at, its content is. `sources` are the source columns that the
 * contracts of the table name: DMS's own columns are told from those. The engine lands one file at a time. Throws
 * `landing/corrupt`.
 */
export async function openLoadFile(
  key: string,
  table: string,
  sources: ReadonlySet<string>,
  deps: LoadFileDeps,
): Promise<OpenLoadFile> {
  const { path, isScratch } = await loadFileSource(key, deps.files, deps.maxBytes)
  const scratch: string[] = isScratch ? [path] : []
  const close = async () => {
    for (const file of scratch) await rm(file, { force: true })
  }
  try {
    const { columns, rows } = await describeFile(key, path, sources, deps.engine)
    const relation = fileRelation(path, columns.length)
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
    byValues(engine, `SELECT count(*) FROM ${relation} WHERE (${isInsert}) IS NOT TRUE`),
  )
  if (Number(others) > 0)
    throw corrupt(key, `expected only rows of a full load (${OPERATION_COLUMN} is I), found ${others} others`)
}
