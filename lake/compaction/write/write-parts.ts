import type { BasePart, LakeFile } from '../../../core/ports/catalog-entry.ts'
import { columnList, literal } from '../../sql/sql-text.ts'
import { tableShape } from '../../sql/table-shape.ts'
import { agree, type BuildScope, buildName, pathsOf, publishFile } from '../plan/build-scope.ts'
import {
  checksumSql,
  exactOptions,
  keyColumns,
  pathList,
  rowColumns,
  rowsOfFiles,
} from '../sql/lake-rows-sql.ts'

/** Rows, and a sum over all of them that does not depend on their order. */
export interface Sum {
  readonly rows: number
  readonly checksum: bigint
}

/** A partition to be made anew: its files before, and the staged rows that come to it. */
export interface PartJob {
  readonly values: Readonly<Record<string, string>>
  readonly old: BasePart | undefined
  readonly staged: Sum
}

/** Partitions that are written at once, and about how many bytes they will have. */
export interface PartBatch {
  readonly jobs: readonly PartJob[]
  readonly bytes: number
}

export const NOTHING: Sum = { rows: 0, checksum: 0n }

/* What one statement writes: many small partitions, for each statement costs as much as thousands of rows. */
const BATCH_BYTES = 16 << 20
const BATCH_PARTS = 100

/** The jobs in batches: small partitions together, a large one alone. */
export function* batchesOf(
  { fileBytes }: BuildScope,
  jobs: readonly PartJob[],
  rowBytes: number,
): Generator<PartBatch> {
  const limit = Math.min(BATCH_BYTES, fileBytes)
  let held: PartJob[] = []
  let bytes = 0
  for (const job of jobs) {
    const size =
      job.staged.rows * rowBytes + (job.old?.files ?? []).reduce((sum, file) => sum + file.bytes, 0)
    if (held.length > 0 && (bytes + size > limit || held.length >= BATCH_PARTS)) {
      yield { jobs: held, bytes }
      held = []
      bytes = 0
    }
    held.push(job)
    bytes += size
  }
  if (held.length > 0) yield { jobs: held, bytes }
}

/** The folder of a partition, from the base's on. */
export function nameOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `/${name}=${value}`)
    .join('')
}

/**
 * Writes the partitions of a batch: their untouched rows and the staged ones, sorted by key, each into the folder of the
 * build below its own. Reads them back from there: rows and checksums are what the old files, the replaced rows and the
 * staged rows leave, and no key is there twice; throws `lake/audit` when not. A partition that is left without rows has
 * no files.
 */
export async function writeParts(
  scope: BuildScope,
  batch: PartBatch,
  staged: string,
): Promise<readonly BasePart[]> {
  const places = new Map<string, PartJob>()
  for (const job of batch.jobs) for (const path of await oldPathsOf(scope, job)) places.set(path, job)
  const expected = await expectedSums(scope, batch.jobs, places)
  const filled = batch.jobs.filter((job) => (expected.get(job)?.rows ?? 0) > 0)
  const files =
    filled.length === 0 ? [] : await copyParts(scope, filled, { places, staged, bytes: batch.bytes })
  const parts = batch.jobs.map((job) => ({
    values: job.values,
    files: files.flatMap(({ folder, file }) => (folder === nameOf(job.values) ? [file] : [])),
  }))
  const written = parts.flatMap((part) => part.files)
  agree(scope, 'files of a batch', written.length, files.length)
  const paths = await pathsOf(
    scope.files,
    written.map(({ key }) => key),
  )
  const found = await sumsByFile(scope, paths)
  for (const [index, job] of batch.jobs.entries()) {
    const { rows, checksum } = expected.get(job) ?? NOTHING
    const own = parts[index]?.files ?? []
    const sum = total(own.map((file) => found.get(paths[written.indexOf(file)] ?? '') ?? NOTHING))
    agree(scope, 'rows of a part', sum.rows, rows)
    agree(scope, 'checksum of a part', sum.checksum, checksum)
    agree(
      scope,
      'rows that the writer counted',
      total(own.map(({ rows: count }) => ({ rows: count, checksum: 0n }))).rows,
      rows,
    )
  }
  const keys = columnList(keyColumns(scope.entry.table))
  const twins = await scope.sql.rows(
    `SELECT 1 FROM (${rowsOfFiles(scope.entry.table, paths)}) GROUP BY ${keys} HAVING count(*) > 1 LIMIT 1`,
  )
  agree(scope, 'keys with two rows', twins.length, 0)
  return parts
}

async function expectedSums(
  scope: BuildScope,
  jobs: readonly PartJob[],
  places: ReadonlyMap<string, PartJob>,
): Promise<ReadonlyMap<PartJob, Sum>> {
  const paths = [...places.keys()]
  const rewritten = jobs.flatMap((job) => job.old?.files ?? [])
  for (const file of rewritten)
    agree(scope, `an old file, ${file.key}`, await scope.files.verify(file, 'digest'), 'whole')
  const before = await sumsByFile(scope, paths)
  const replaced =
    paths.length === 0
      ? before
      : await sums(scope, `compact_old WHERE _file IN (${paths.map(literal).join(', ')})`)
  const expected = new Map<PartJob, Sum>()
  for (const job of jobs) {
    const own = paths.filter((path) => places.get(path) === job)
    const [had, goes] = [before, replaced].map((of) => total(own.map((path) => of.get(path) ?? NOTHING)))
    const known = (job.old?.files ?? []).reduce((sum, { rows }) => sum + rows, 0)
    agree(scope, 'rows of an old part', had?.rows, known)
    expected.set(job, {
      rows: (had?.rows ?? 0) - (goes?.rows ?? 0) + job.staged.rows,
      checksum: (had?.checksum ?? 0n) - (goes?.checksum ?? 0n) + job.staged.checksum,
    })
  }
  return expected
}

/* Sorted by partition, then by key: DuckDB writes the rows of a partition in the order in which they come. */
async function copyParts(
  scope: BuildScope,
  jobs: readonly PartJob[],
  {
    places,
    staged,
    bytes,
  }: { readonly places: ReadonlyMap<string, PartJob>; readonly staged: string; readonly bytes: number },
): Promise<readonly { readonly folder: string; readonly file: LakeFile }[]> {
  const { sql, files, entry, fileBytes } = scope
  const { table } = entry
  const [only] = jobs
  const isOne = jobs.length === 1
  const partitions = isOne ? [] : table.basePartitions.map((_, index) => `_p${index}`)
  const path = await files.scratch('part')
  /* A file ends with a row group; one of wide rows must not fill the memory. */
  const rowGroupBytes = Math.min(64 << 20, Math.round(fileBytes / 2))
  const options = [
    `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES ${rowGroupBytes}, RETURN_STATS`,
    ...(isOne ? [] : [`PARTITION_BY (${partitions.join(', ')})`]),
    ...(isOne && bytes > fileBytes * 1.25 ? [`FILE_SIZE_BYTES ${Math.round(fileBytes)}`] : []),
  ]
  const stats = await sql.rows(`COPY (${rowsOfJobs(scope, jobs, places, staged, partitions)}
    ORDER BY ${[...partitions, tableShape(table).groups()].join(', ')}) TO ${literal(path)} (${options.join(', ')}${exactOptions(table)})`)
  const written: { folder: string; file: LakeFile }[] = []
  for (const stat of stats) {
    const values = isOne
      ? only?.values
      : valuesOf(
          stat[5],
          table.basePartitions.map(({ name }) => name),
        )
    const folder = nameOf(values ?? {})
    const key = `${table.baseLocation}${folder}/${buildName(scope)}/${scope.written.length}.parquet`
    written.push({ folder, file: await publishFile(scope, String(stat[0]), key, Number(stat[1])) })
  }
  return written
}

function rowsOfJobs(
  { entry: { table } }: BuildScope,
  jobs: readonly PartJob[],
  places: ReadonlyMap<string, PartJob>,
  staged: string,
  partitions: readonly string[],
): string {
  const columns = columnList(rowColumns(table))
  const output = [columns, ...partitions].join(', ')
  const tuple = ({ values }: PartJob) => table.basePartitions.map(({ name }) => literal(values[name] ?? ''))
  const all = table.basePartitions.map((_, index) => `_p${index}`)
  const isStaged =
    all.length === 0
      ? ''
      : ` WHERE (${all.join(', ')}) IN (${jobs.map((job) => `(${tuple(job).join(', ')})`).join(', ')})`
  const fresh = `SELECT ${output} FROM read_parquet(${pathList([staged])})${isStaged}`
  const own = [...places].filter(([, job]) => jobs.includes(job))
  if (own.length === 0) return fresh
  const keys = columnList(keyColumns(table))
  const paths = own.map(([path]) => path)
  const placed = own.map(([path, job]) => `(${[literal(path), ...tuple(job)].join(', ')})`)
  const kept = `SELECT ${output} FROM (${rowsOfFiles(table, paths)})
    JOIN (VALUES ${placed.join(', ')}) AS placed(${['_file', ...all].join(', ')}) USING (_file)
    ANTI JOIN (SELECT ${keys} FROM compact_old WHERE _file IN (${paths.map(literal).join(', ')})) USING (${keys})`
  return `SELECT * FROM (${kept} UNION ALL ${fresh})`
}

/* DuckDB's `partition_keys`: a map of `_p0`, `_p1`, … */
function valuesOf(map: unknown, names: readonly string[]): Readonly<Record<string, string>> {
  const entries = Array.isArray(map) ? map : []
  return Object.fromEntries(
    names.map((name, index) => {
      const found = entries.find((entry) => entry?.key === `_p${index}`)
      return [name, String(found?.value)]
    }),
  )
}

function oldPathsOf({ files }: BuildScope, { old }: PartJob): Promise<readonly string[]> {
  return pathsOf(files, old?.files.map(({ key }) => key) ?? [])
}

function sumsByFile(scope: BuildScope, paths: readonly string[]): Promise<ReadonlyMap<string, Sum>> {
  return sums(scope, `(${rowsOfFiles(scope.entry.table, paths)})`)
}

async function sums({ sql, entry }: BuildScope, from: string): Promise<ReadonlyMap<string, Sum>> {
  const rows = await sql.rows(
    `SELECT _file, count(*), ${checksumSql(rowColumns(entry.table))} FROM ${from} GROUP BY _file`,
  )
  return new Map(
    rows.map(([file, count, checksum]) => [
      String(file),
      { rows: Number(count), checksum: BigInt(String(checksum)) },
    ]),
  )
}

function total(sums: readonly Sum[]): Sum {
  return sums.reduce(
    (sum, { rows, checksum }) => ({ rows: sum.rows + rows, checksum: sum.checksum + checksum }),
    NOTHING,
  )
}
