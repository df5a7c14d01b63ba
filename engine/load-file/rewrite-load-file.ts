import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { SqlEngine } from '../../core/ports/ports.ts'
import type { PreparedLoadFile } from '../../ingest/land/land-load-file.ts'
import { isImpossible } from '../../lake/load-file/impossible-type.ts'
import { type LoadPlace, loadSql } from '../../lake/load-file/load-sql.ts'
import { literal } from '../../lake/sql/sql-text.ts'
import { formatPassedOn, type RewriteDeps } from './format-passed-on.ts'
import { byValues, corrupt, fromFile, isOfFile, type ReadableFile } from './readable-file.ts'
import { SCRATCH_PARQUET, sourceRowsSelect } from './source-rows.ts'

/* Rows of a group, unless they are large: then bytes. Both bound what DuckDB holds. */
const ROW_GROUP = `ROW_GROUP_SIZE 30720, ROW_GROUP_SIZE_BYTES '16MB'`

/**
 * Rewrites a load file for one contract (D6): what its SQL accepts for certain goes into history Parquet without passing
 * through JavaScript; the other rows wait in a scratch file for the row codec. Memory: DuckDB's limit, and a batch of rows.
 * Throws `landing/corrupt` for a file that cannot be read whole, or has a column that cannot be the contract's.
 */
export async function rewriteLoadFile(
  file: ReadableFile,
  table: Table,
  place: LoadPlace,
  deps: RewriteDeps,
): Promise<PreparedLoadFile> {
  await checkTypes(file, table, deps.engine)
  const sql = loadSql(table, deps.key, file.columns, place)
  const metadata = `{'tidemark.table': ${literal(table.name)}, 'tidemark.version': ${literal(String(table.version))}}`
  const accepted = await copy(
    file,
    sql.isNever ? undefined : `SELECT ${sql.columns} FROM ${file.relation} WHERE ${sql.certain}`,
    `FORMAT parquet, COMPRESSION snappy, KV_METADATA ${metadata}, ${ROW_GROUP}`,
    deps,
  )
  const passedOn = await copy(
    file,
    accepted.rows < file.rows ? sourceRowsSelect(file, `(${sql.certain}) IS NOT TRUE`) : undefined,
    SCRATCH_PARQUET,
    deps,
  )
  if (accepted.rows + passedOn.rows !== file.rows)
    throw corrupt(
      file.key,
      `expected ${file.rows} rows, as its footer says, found ${accepted.rows + passedOn.rows}`,
    )

  return {
    async finish(refuse) {
      const rest = await formatPassedOn(passedOn, { file, table, place, refuse }, deps)
      const files = accepted.rows > 0 ? [accepted, ...rest.files] : rest.files
      return { files, landed: accepted.rows + rest.landed, refused: rest.refused }
    },
  }
}

interface ScratchFile {
  readonly path: string
  readonly rows: number
}

async function copy(
  { key, relation, columns }: ReadableFile,
  select: string | undefined,
  options: string,
  { engine, files, scratch }: RewriteDeps,
): Promise<ScratchFile> {
  if (select === undefined) return { path: '', rows: 0 }
  const path = await files.scratch('load-rewrite')
  scratch.push(path)
  try {
    const [[rows] = []] = await byValues(engine, `COPY (${select}) TO ${literal(path)} (${options})`)
    return { path, rows: Number(rows) }
  } catch (error) {
    if (!isOfFile(error)) throw error
    /* Without the contract: a file that is read whole is sound, and the failure another one. */
    const refs = columns.map(({ ref }) => ref).join(', ')
    await fromFile(key, () => engine.rows(`SELECT max(hash(${refs})) FROM ${relation}`))
    throw error
  }
}

/* A column without values says nothing of its type. */
async function checkTypes(
  { key, columns, relation }: ReadableFile,
  table: Table,
  engine: SqlEngine,
): Promise<void> {
  for (const [name, column] of Object.entries(table.columns)) {
    const found = columns.find((one) => !one.isOwn && one.name === (column.from ?? name))
    if (found === undefined || !isImpossible(column, found.type)) continue
    const [[values] = []] = await fromFile(key, () =>
      byValues(engine, `SELECT count(${found.ref}) FROM ${relation}`),
    )
    if (Number(values) > 0)
      throw corrupt(
        key,
        `expected ${column.type.kind} in column ${found.name} for ${printTableVersion(table)}, found ${found.type.kind}`,
      )
  }
}
