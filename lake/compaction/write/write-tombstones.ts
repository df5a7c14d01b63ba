import type { LakeFile } from '../../../core/ports/catalog-entry.ts'
import { columnList, literal } from '../../sql/sql-text.ts'
import { tableShape } from '../../sql/table-shape.ts'
import { agree, type BuildScope, buildName, pathsOf, publishFile } from '../plan/build-scope.ts'
import { exactOptions, keyColumns, rowsOfFiles, tombstoneSystem } from '../sql/lake-rows-sql.ts'
import { type Folded, numbers } from './fold-history.ts'

/**
 * Writes the tombstones of the new base, one for each deleted key, and the marks of refused changes, sorted by key; when the
 * fold changed none, the files of the base before are carried over. Read back as parts are; throws `lake/audit`.
 */
export async function writeTombstones(
  scope: BuildScope,
  folded: Folded,
  isWhole: boolean,
): Promise<readonly LakeFile[]> {
  const { sql, files, entry } = scope
  const before = isWhole ? [] : (entry.base?.tombstones ?? [])
  if (folded.dead === 0 && folded.marks === 0 && folded.buried === 0) return before
  const keys = columnList(keyColumns(entry.table))
  const columns = `${keys}, ${tombstoneSystem.join(', ')}`
  for (const file of before)
    agree(scope, `an old file, ${file.key}`, await files.verify(file, 'digest'), 'whole')
  const oldPaths = await pathsOf(
    files,
    before.map(({ key }) => key),
  )
  const path = await files.scratch('tombstones')
  const expected =
    before.reduce((sum, { rows }) => sum + rows, 0) - folded.buried + folded.dead + folded.marks
  if (expected === 0) return []
  await sql.run(`COPY (SELECT * FROM (SELECT ${columns} FROM compact_dead UNION ALL SELECT ${columns} FROM compact_marks UNION ALL
      SELECT ${columns} FROM (${rowsOfFiles(entry.table, oldPaths)}) ANTI JOIN compact_touched USING (${keys}))
    ORDER BY ${tableShape(entry.table).groups()}, _position) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd${exactOptions(entry.table)})`)
  const name = `${buildName(scope)}/${scope.written.length}.parquet`
  const file = await publishFile(scope, path, `${entry.table.baseLocation}/deleted/${name}`, expected)
  const back = rowsOfFiles(entry.table, await pathsOf(files, [file.key]))
  const [rows, distinct] = await numbers(
    sql,
    `SELECT (SELECT count(*) FROM (${back})), (SELECT count(*) FROM (SELECT ${keys} FROM (${back})
      GROUP BY ${keys}, CASE WHEN _op = 'delete' THEN '' ELSE _position END))`,
  )
  agree(scope, 'tombstones', rows, expected)
  agree(scope, 'deleted keys and marks', distinct, expected)
  return [file]
}
