import type { BasePart, LakeFile } from '../../core/ports.ts'
import { columnList, literal } from '../sql-text.ts'
import { agree, type BuildScope, pathsOf, publishFile } from './build-scope.ts'
import type { Folded } from './fold-history.ts'
import { checksumSql, exactOptions, keyColumns, pathList, rowColumns, rowsOfFiles } from './lake-rows-sql.ts'
import { writeTombstones } from './write-tombstones.ts'

/** The parts of the new base. */
export interface WrittenBase {
  readonly parts: readonly BasePart[]
  readonly tombstones: readonly LakeFile[]
  readonly rows: number
  readonly partsWritten: number
  readonly partsCarried: number
}

interface Sum {
  readonly rows: number
  readonly checksum: bigint
}

interface Job {
  readonly values: Readonly<Record<string, string>>
  readonly old: BasePart | undefined
  readonly staged: Sum
}

const NOTHING: Sum = { rows: 0, checksum: 0n }

/**
 * Writes the partitions that a fold touched: their untouched rows and the staged ones, sorted by key. All others are
 * carried over by reference. Every file is read back from its published place: its rows and their checksum are those
 * that the old files, the replaced rows and the staged rows, each counted by themselves, leave; no key is there twice.
 * Throws `lake/audit` when not.
 */
export async function writeBase(
  scope: BuildScope,
  folded: Folded,
  staged: string,
  isWhole: boolean,
  onPart: (done: number, all: number) => void,
): Promise<WrittenBase> {
  const before = isWhole ? [] : (scope.entry.base?.parts ?? [])
  agree(scope, 'keys alive and deleted', folded.live + folded.dead, folded.touched)
  const { jobs, carried } = await divide(scope, before, staged)
  const stagedRows = jobs.reduce((sum, job) => sum + job.staged.rows, 0)
  agree(scope, 'staged rows', stagedRows, folded.live)

  const rowBytes = await bytesOfRow(scope, staged, folded.live)
  const parts: BasePart[] = []
  for (const [done, job] of jobs.entries()) {
    scope.checkpoint()
    const files = await writePart(scope, job, staged, rowBytes)
    if (files.length > 0) parts.push({ values: job.values, files })
    onPart(done + 1, jobs.length)
  }
  scope.checkpoint()
  const tombstones = await writeTombstones(scope, folded, isWhole)
  const all = [...carried, ...parts].sort((a, b) => (nameOf(a.values) < nameOf(b.values) ? -1 : 1))
  const rows = rowsIn(all)
  const rowsBefore = isWhole ? 0 : (scope.entry.base?.rows ?? 0)
  agree(scope, 'rows of the base', rows, rowsBefore - folded.replaced + folded.live)
  return { parts: all, tombstones, rows, partsWritten: parts.length, partsCarried: carried.length }
}

function rowsIn(parts: readonly BasePart[]): number {
  return parts.reduce((sum, { files }) => sum + files.reduce((inPart, file) => inPart + file.rows, 0), 0)
}

/* Partitions that lose or gain rows, and the others. */
async function divide(scope: BuildScope, before: readonly BasePart[], staged: string) {
  const { sql, entry, files } = scope
  const { basePartitions } = entry.table
  const places = basePartitions.map((_, index) => `_p${index}`)
  const stagedSums = await sql.rows(
    `SELECT ${[...places, 'count(*)', checksumSql(rowColumns(entry.table))].join(', ')}
      FROM read_parquet(${pathList([staged])}) ${places.length > 0 ? `GROUP BY ${places.join(', ')}` : ''}`,
  )
  const jobs = new Map<string, Job>()
  for (const row of stagedSums) {
    const values = Object.fromEntries(basePartitions.map(({ name }, index) => [name, String(row[index])]))
    const sum = { rows: Number(row[places.length]), checksum: BigInt(String(row[places.length + 1])) }
    if (sum.rows > 0) jobs.set(nameOf(values), { values, old: undefined, staged: sum })
  }
  const touchedFiles = await sql.rows('SELECT DISTINCT _file FROM compact_old')
  const touched = new Set(touchedFiles.map(([path]) => path))
  const carried: BasePart[] = []
  for (const part of before) {
    const job = jobs.get(nameOf(part.values))
    const paths = await pathsOf(
      files,
      part.files.map(({ key }) => key),
    )
    const isTouched = job !== undefined || paths.some((path) => touched.has(path))
    if (!isTouched) carried.push(part)
    else jobs.set(nameOf(part.values), { values: part.values, old: part, staged: job?.staged ?? NOTHING })
  }
  return { jobs: [...jobs.values()], carried }
}

function nameOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `/${name}=${value}`)
    .join('')
}

async function writePart(
  scope: BuildScope,
  { values, old, staged: stagedSum }: Job,
  staged: string,
  rowBytes: number,
): Promise<readonly LakeFile[]> {
  const { table } = scope.entry
  const columns = columnList(rowColumns(table))
  const keys = columnList(keyColumns(table))
  const place = table.basePartitions.map(({ name }, index) => `_p${index} = ${literal(values[name] ?? '')}`)
  const fresh = `SELECT ${columns} FROM read_parquet(${pathList([staged])})
    ${place.length > 0 ? `WHERE ${place.join(' AND ')}` : ''}`
  const oldKeys = old?.files.map(({ key }) => key) ?? []
  const oldPaths = await pathsOf(scope.files, oldKeys)
  const inPart = `FROM compact_old WHERE _file IN (${oldPaths.map(literal).join(', ')})`
  const kept = `SELECT ${columns} FROM (${rowsOfFiles(table, oldPaths)})
    ANTI JOIN (SELECT ${keys} ${inPart}) USING (${keys})`

  const replaced = oldPaths.length > 0 ? await sumOf(scope, inPart) : NOTHING
  const before = oldPaths.length > 0 ? await sumOf(scope, `FROM (${rowsOfFiles(table, oldPaths)})`) : NOTHING
  agree(
    scope,
    'rows of an old part',
    before.rows,
    (old?.files ?? []).reduce((sum, { rows }) => sum + rows, 0),
  )
  const expected = {
    rows: before.rows - replaced.rows + stagedSum.rows,
    checksum: before.checksum - replaced.checksum + stagedSum.checksum,
  }
  if (expected.rows === 0) return []
  const rows = oldPaths.length > 0 ? `SELECT * FROM (${kept} UNION ALL ${fresh})` : fresh
  const bytes = stagedSum.rows * rowBytes + (old?.files ?? []).reduce((sum, file) => sum + file.bytes, 0)
  const written = await copySorted(scope, `${rows} ORDER BY ${keys}`, nameOf(values), bytes)
  await auditPart(scope, written, expected)
  return written
}

/* One file, or DuckDB's division of a large one; either way in the order of the keys. */
async function copySorted(
  scope: BuildScope,
  select: string,
  folder: string,
  bytes: number,
): Promise<readonly LakeFile[]> {
  const { sql, files, entry, build, fileBytes } = scope
  const path = await files.scratch('part')
  /* A file ends with a row group; one of wide rows must not fill the memory. */
  const rowGroupBytes = Math.min(64 << 20, Math.round(fileBytes / 2))
  const division = bytes > fileBytes * 1.25 ? `, FILE_SIZE_BYTES ${Math.round(fileBytes)}` : ''
  const stats = await sql.rows(`COPY (${select}) TO ${literal(path)}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES ${rowGroupBytes}, RETURN_STATS${division}${exactOptions(entry.table)})`)
  const written: LakeFile[] = []
  for (const [name, rows] of stats) {
    const number = scope.written.length
    const key = `${entry.table.baseLocation}${folder}/${String(build).padStart(6, '0')}-${number}.parquet`
    written.push(await publishFile(scope, String(name), key, Number(rows)))
  }
  return written
}

async function auditPart(scope: BuildScope, written: readonly LakeFile[], expected: Sum): Promise<void> {
  const { table } = scope.entry
  const paths = await pathsOf(
    scope.files,
    written.map(({ key }) => key),
  )
  const found = await sumOf(scope, `FROM (${rowsOfFiles(table, paths)})`)
  agree(scope, 'rows of a part', found.rows, expected.rows)
  agree(scope, 'checksum of a part', found.checksum, expected.checksum)
  agree(
    scope,
    'rows that the writer counted',
    written.reduce((sum, { rows }) => sum + rows, 0),
    expected.rows,
  )
  const keys = columnList(keyColumns(table))
  const twins = await scope.sql.rows(
    `SELECT 1 FROM (${rowsOfFiles(table, paths)}) GROUP BY ${keys} HAVING count(*) > 1 LIMIT 1`,
  )
  agree(scope, 'keys with two rows', twins.length, 0)
}

async function sumOf({ sql, entry }: BuildScope, from: string): Promise<Sum> {
  const [row = []] = await sql.rows(`SELECT count(*), ${checksumSql(rowColumns(entry.table))} ${from}`)
  return { rows: Number(row[0]), checksum: BigInt(String(row[1])) }
}

async function bytesOfRow({ sql }: BuildScope, staged: string, rows: number): Promise<number> {
  if (rows === 0) return 0
  const [row = []] = await sql.rows(`SELECT sum(size) FROM read_blob(${pathList([staged])})`)
  return Number(row[0]) / rows
}
