import type { LakeFile } from '../../../core/ports/catalog-entry.ts'
import type { Position } from '../../../core/position.ts'
import { columnList, literal } from '../../sql/sql-text.ts'
import { tableShape } from '../../sql/table-shape.ts'
import { agree, type BuildScope, buildName, pathsOf, publishFile } from '../plan/build-scope.ts'
import { dayOf, type HistoryListing } from '../plan/history-listing.ts'
import { checksumSql, exactOptions, pathList, rowColumns, rowsOfFiles } from '../sql/lake-rows-sql.ts'

/** One file made of the small history files of a day. */
export interface MergedDay {
  readonly file: LakeFile
  /** Positions of its rows. */
  readonly first: Position
  readonly last: Position
  readonly inputs: readonly string[]
}

export interface MergeRules {
  /** A day is merged when it has more small files than this. */
  readonly mergeAbove: number
  /** What a small file is, in bytes. */
  readonly smallBytes: number
}

/** The days that have small files to merge: those files, of which no day has more bytes together than `fileBytes`. */
export async function daysToMerge(
  { sql, files, fileBytes }: Pick<BuildScope, 'sql' | 'files' | 'fileBytes'>,
  { files: all, fresh }: HistoryListing,
  { mergeAbove, smallBytes }: MergeRules,
): Promise<readonly (readonly string[])[]> {
  const isFresh = new Set(fresh)
  const days = new Map<string, string[]>()
  for (const key of all) {
    const day = dayOf(key)
    if (!isFresh.has(key)) days.set(day, [...(days.get(day) ?? []), key])
  }
  const merges: (readonly string[])[] = []
  for (const keys of days.values()) {
    if (keys.length <= mergeAbove) continue
    const sizes = await sql.rows(
      `SELECT filename, size FROM read_blob(${pathList(await pathsOf(files, keys))})`,
    )
    const sizeOf = new Map(sizes.map(([path, size]) => [String(path), Number(size)]))
    const small: string[] = []
    let bytes = 0
    for (const key of keys) {
      const size = sizeOf.get(await files.read(key)) ?? smallBytes
      if (size >= smallBytes || bytes + size > fileBytes) continue
      small.push(key)
      bytes += size
    }
    if (small.length > mergeAbove) merges.push(small)
  }
  return merges
}

/**
 * Makes one history file of several, all rows and columns, sorted by position. Until the small ones go, readers see its
 * rows twice, at the same position and revision, which changes nothing. Throws `lake/audit`.
 */
export async function mergeDay(scope: BuildScope, inputs: readonly string[]): Promise<MergedDay> {
  const { sql, files, entry } = scope
  const { table } = entry
  const columns = rowColumns(table)
  const rows = rowsOfFiles(table, await pathsOf(files, inputs))
  const sum = (relation: string) =>
    `SELECT count(*), ${checksumSql(columns)}, min(_position), max(_position) FROM (${relation})`
  const [expected = []] = await sql.rows(sum(rows))
  const path = await files.scratch('merged')
  await sql.run(`COPY (SELECT ${columnList(columns)} FROM (${rows})
    ORDER BY _position, _revision, ${tableShape(table).groups()})
    TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '64MB'${exactOptions(table)})`)
  const day = dayOf(inputs[0] ?? '')
  const key = `${table.location}/ingest_date=${day}/merged-${buildName(scope)}.parquet`
  const file = await publishFile(scope, path, key, Number(expected[0]))
  const [found = []] = await sql.rows(sum(rowsOfFiles(table, await pathsOf(files, [key]))))
  agree(scope, 'rows of a merged file', found[0], expected[0])
  agree(scope, 'checksum of a merged file', found[1], expected[1])
  return { file, first: String(found[2]), last: String(found[3]), inputs }
}
