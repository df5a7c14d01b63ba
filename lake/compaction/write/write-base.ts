import type { BasePart, LakeFile } from '../../../core/ports/catalog-entry.ts'
import { agree, type BuildScope, pathsOf } from '../plan/build-scope.ts'
import { checksumSql, pathList, rowColumns } from '../sql/lake-rows-sql.ts'
import type { Folded } from './fold-history.ts'
import { batchesOf, NOTHING, nameOf, type PartJob, writeParts } from './write-parts.ts'
import { writeTombstones } from './write-tombstones.ts'

/** The parts of the new base. */
export interface WrittenBase {
  readonly parts: readonly BasePart[]
  readonly tombstones: readonly LakeFile[]
  readonly rows: number
  readonly partsWritten: number
  readonly partsCarried: number
}

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
  let done = 0
  for (const batch of batchesOf(scope, jobs, rowBytes)) {
    scope.checkpoint()
    for (const part of await writeParts(scope, batch, staged)) if (part.files.length > 0) parts.push(part)
    done += batch.jobs.length
    onPart(done, jobs.length)
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
  const jobs = new Map<string, PartJob>()
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

async function bytesOfRow({ sql }: BuildScope, staged: string, rows: number): Promise<number> {
  if (rows === 0) return 0
  const [row = []] = await sql.rows(`SELECT sum(size) FROM read_blob(${pathList([staged])})`)
  return Number(row[0]) / rows
}
