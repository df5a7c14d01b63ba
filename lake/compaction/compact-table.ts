import { randomBytes } from 'node:crypto'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CompactionResult } from '../../core/operations/answers.ts'
import { type CatalogEntry, requireEntry } from '../../core/ports/catalog-entry.ts'
import { buildBase, isMadeWhole, type NewBuild } from './build-base.ts'
import type { CompactDeps, CompactionProgress } from './compact-deps.ts'
import { dropPastDays, sweep } from './maintain-table.ts'
import { type BuildScope, pathsOf, removeWritten } from './plan/build-scope.ts'
import type { CompactionRecord } from './plan/compaction-ledger.ts'
import { dayOf, type HistoryListing, hideFiles, listHistory } from './plan/history-listing.ts'
import { firstRecord } from './plan/retire-files.ts'
import { pathList, publishedRevisions, rowsOfFiles } from './sql/lake-rows-sql.ts'
import { damagedBase, requireHistory, verifyHistory } from './verify-files.ts'
import { numbers } from './write/fold-history.ts'
import { daysToMerge, type MergeRules } from './write/merge-days.ts'

export interface CompactOptions extends Partial<MergeRules> {
  /** How long files out of use stay for readers of the catalog before; 10 minutes. */
  readonly graceMs?: number
  /** Target size of base files; 256 MiB. */
  readonly fileBytes?: number
  /** Ingest days of history to keep; all. */
  readonly keepHistoryDays?: number | undefined
  /** Whether base is made anew, of all of history, whatever is there; no. */
  readonly isRebuild?: boolean
}

export const compactDefaults = {
  graceMs: 600_000,
  fileBytes: 256 << 20,
  mergeAbove: 8,
  smallBytes: 32 << 20,
  keepHistoryDays: undefined,
  isRebuild: false,
} as const

/**
 * Folds the history files of a table version that no base has into a new base, merges small history files, and deletes
 * what is out of use. Readers see the old base or the new one, never a part; a stop at any point is put right by the next
 * call. Changes may land meanwhile. One call at a time for each table version. A base with a file that is gone or damaged is
 * made anew of all of history. Throws `lake/audit` when what was written is not what should have been, `lake/conflict` when
 * another build was published meanwhile, `lake/unreadable` for a history file that is not what was written, and
 * `lake/base-lost` when history does not go back far enough to make base anew; nothing is shown then, and the record says
 * so until a compaction succeeds.
 */
export async function compactTable(
  name: string,
  version: number,
  deps: CompactDeps,
  options: CompactOptions = {},
): Promise<CompactionResult> {
  try {
    return await compactNow(name, version, deps, options)
  } catch (error) {
    /* What it failed with counts more than that this cannot be written down. */
    await noteFailure(name, version, deps, error).catch(() => undefined)
    throw error
  }
}

async function noteFailure(name: string, version: number, deps: CompactDeps, error: unknown): Promise<void> {
  const { ledger, now, signal } = deps
  if (signal.aborted) return
  const known = (await ledger.read(name, version)) ?? firstRecord(await entryOf(name, version, deps))
  const { code, message } =
    error instanceof PipelineError ? error : { code: 'internal' as const, message: '' }
  await ledger.save({ ...known, failure: { at: now(), code, message } })
}

async function compactNow(
  name: string,
  version: number,
  deps: CompactDeps,
  options: CompactOptions,
): Promise<CompactionResult> {
  const { ledger, now, signal } = deps
  const { graceMs, keepHistoryDays } = { ...compactDefaults, ...options }
  const entry = await entryOf(name, version, deps)
  const known = {
    ...((await ledger.read(name, version)) ?? firstRecord(entry)),
    begunAt: now(),
    failure: null,
  }
  const swept = await sweep(entry, known, graceMs, now(), deps)
  const past =
    keepHistoryDays === undefined
      ? { record: swept.record, days: [] }
      : await dropPastDays(entry, swept.record, keepHistoryDays, now(), deps)
  const outcome = { deletedFiles: swept.deleted, droppedDays: past.days }
  if (signal.aborted) return { ...unbuilt(entry, 'interrupted'), ...outcome }
  /* Anew, without the days that went. */
  const build = await attempt(await entryOf(name, version, deps), past.record, deps, options)
  return { ...build, ...outcome, deletedFiles: build.deletedFiles + swept.deleted }
}

async function attempt(
  entry: CatalogEntry,
  record: CompactionRecord,
  deps: CompactDeps,
  options: CompactOptions,
): Promise<CompactionResult> {
  const { table, version } = { table: entry.table.name, version: entry.table.version }
  const { signal, ledger, now } = deps
  const settings = { ...compactDefaults, ...options }
  const damaged = await damagedBase(entry, deps, 'size')
  requireHistory(entry, damaged)
  const isRemade = settings.isRebuild || damaged.length > 0
  const report = (step: CompactionProgress['step'], done: number, all: number) =>
    deps.onProgress?.({ table, version, step, done, all })
  report('list', 0, 1)
  const listing = await readableHistory(entry, record, deps)
  const scope: BuildScope = {
    entry,
    build: (entry.base?.build ?? 0) + 1,
    attempt: randomBytes(4).toString('hex'),
    sql: deps.sql,
    files: deps.files,
    objects: deps.objects,
    fileBytes: settings.fileBytes,
    checkpoint: () => signal.throwIfAborted(),
    written: [],
  }
  const merges = await daysToMerge(scope, listing, settings)
  const isStale = entry.base !== null && (isRemade || isMadeWhole(scope, record))
  if (listing.fresh.length === 0 && merges.length === 0 && !isStale) {
    await ledger.save({ ...record, foldedAt: now() })
    return unbuilt(entry, 'nothing new')
  }
  const freshBytes = await sizeOf(listing.fresh, deps)

  let built: NewBuild
  try {
    const verify = (firstDay: string) => verifyHistory(entry, firstDay, deps)
    built = await buildBase(
      scope,
      { record, listing, merges, isRemade, verify, now: now() },
      ({ step, done, all }) => report(step, done, all),
    )
  } catch (error) {
    /* Where that fails too, the next call does it. */
    await removeWritten(scope).catch(() => undefined)
    if (signal.aborted && error === signal.reason) return unbuilt(entry, 'interrupted')
    if (isRemade || !(await isBaseAtFault(error, entry, deps))) throw error
    return await attempt(entry, record, deps, { ...options, isRebuild: true })
  }
  report('publish', 0, 1)
  const deletedFiles = await publish(scope, built, settings.graceMs, deps)
  return {
    ...unbuilt({ ...entry, base: built.base }, 'published'),
    freshFiles: listing.fresh.length,
    freshBytes,
    touched: built.folded.touched,
    live: built.folded.live,
    dead: built.folded.dead,
    partsWritten: built.partsWritten,
    partsCarried: built.partsCarried,
    bytesWritten: built.bytesWritten,
    mergedFiles: built.mergedFiles,
    deletedFiles,
  }
}

/* Shows a build to readers; gives how many files went that are out of use by it. */
async function publish(
  { entry, build }: BuildScope,
  built: NewBuild,
  graceMs: number,
  deps: CompactDeps,
): Promise<number> {
  const { ledger, catalog, manifest, now } = deps
  const { name: table, version } = entry.table
  for (const { file, first, last } of built.merged)
    await manifest.replaceFiles({
      table,
      version,
      day: dayOf(file.key),
      added: [{ ...file, first, last }],
      removed: [],
    })
  /* The record first: what it names is out of use only once the catalog has the build. */
  await ledger.save(built.record)
  await catalog.publishBase(table, version, built.base, entry.base?.build ?? null)
  const at = now()
  const retired = built.record.retired.map((file) => (file.build === build ? { ...file, at } : file))
  const record = { ...built.record, retired, foldedAt: at }
  const { deleted } = await sweep({ ...entry, base: built.base }, record, graceMs, at, deps)
  return deleted
}

/* Damage that sizes do not tell, and that broke the build: of the base, which can be made without. */
async function isBaseAtFault(error: unknown, entry: CatalogEntry, deps: CompactDeps): Promise<boolean> {
  if (!(error instanceof PipelineError) || !/^lake\/(?:audit|unreadable)$/.test(error.code)) return false
  const damaged = await damagedBase(entry, deps, 'digest')
  requireHistory(entry, damaged)
  return damaged.length > 0
}

/** The entry of a table version. Throws `lake/unreadable` when the catalog has none. */
export async function entryOf(
  name: string,
  version: number,
  { catalog }: Pick<CompactDeps, 'catalog'>,
): Promise<CatalogEntry> {
  return requireEntry(await catalog.entries(), { name, version })
}

/** What may be folded: a file with rows of a revision that is not published waits as a whole. */
export async function readableHistory(
  entry: CatalogEntry,
  record: CompactionRecord,
  { objects, files, sql }: Pick<CompactDeps, 'objects' | 'files' | 'sql'>,
): Promise<HistoryListing> {
  const listing = await listHistory(entry, objects, record)
  if (listing.fresh.length === 0) return listing
  const paths = await pathsOf(files, listing.fresh)
  const early = await sql.rows(`SELECT DISTINCT _file FROM (${rowsOfFiles(entry.table, paths)})
    WHERE _revision NOT IN (${publishedRevisions(entry)})`)
  const waiting = new Set(early.map(([path]) => path))
  return hideFiles(
    listing,
    listing.fresh.filter((_, index) => waiting.has(paths[index] ?? '')),
  )
}

/** Bytes of some objects. */
export async function sizeOf(
  keys: readonly string[],
  { files, sql }: Pick<CompactDeps, 'files' | 'sql'>,
): Promise<number> {
  if (keys.length === 0) return 0
  const paths = await pathsOf(files, keys)
  const [bytes = 0] = await numbers(sql, `SELECT sum(size) FROM read_blob(${pathList(paths)})`)
  return bytes
}

function unbuilt({ table, base }: CatalogEntry, state: CompactionResult['state']): CompactionResult {
  return {
    table: table.name,
    version: table.version,
    state,
    build: base?.build ?? null,
    rows: base?.rows ?? 0,
    freshFiles: 0,
    freshBytes: 0,
    touched: 0,
    live: 0,
    dead: 0,
    partsWritten: 0,
    partsCarried: base?.parts.length ?? 0,
    bytesWritten: 0,
    mergedFiles: 0,
    deletedFiles: 0,
    droppedDays: [],
  }
}
