import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Load } from '../../core/load/load.ts'
import type {
  Base,
  BasePart,
  CatalogEntry,
  CatalogTable,
  Floor,
  LakeFile,
} from '../../core/ports/catalog-entry.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import type { CompactionRecord } from '../../lake/compaction/plan/compaction-ledger.ts'
import { dayOf } from '../../lake/compaction/plan/history-listing.ts'
import { pathList, rowsOfFiles } from '../../lake/compaction/sql/lake-rows-sql.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { FolderObjects } from '../stores/folder-objects.ts'

const REPLAY = /\/replay-r\d+-[^/]*$/
const TOMBSTONE = '/deleted/'
const BUILD = /\/(\d{6,})-([0-9a-f]+)(?:\/\d+)?\.parquet$/

/** What the entries of a folder are made of again. */
interface Remains {
  readonly objects: FolderObjects
  readonly engine: DuckEngine
  readonly compactions: CompactionDocuments
  readonly loads: readonly Load[]
  /** Revisions of replays that were shown, by `name vN`. */
  readonly replayed: ReadonlyMap<string, readonly number[]>
}

export interface RebuildCatalogDeps {
  readonly tables: readonly Table[]
  readonly documents: Documents
  readonly engine: DuckEngine
}

/**
 * The catalog of a folder, made of what else is there: contracts, the names, footers and positions of history and base
 * files, the ledgers of loads, replays and compactions. Readers see the same rows as before; a base is taken to have folded
 * less than it did, which costs the next compaction time. Writes nothing. Throws `run/contract-missing` for files of a table
 * that no contract describes, `run/damaged` where base cannot be told from what a compaction left.
 */
export async function rebuildCatalog(
  { root }: Pick<RunFolder, 'root'>,
  { tables, documents, engine }: RebuildCatalogDeps,
): Promise<readonly CatalogEntry[]> {
  const objects = new FolderObjects(root)
  const described = tables.map(catalogTable)
  const keys = await objects.list('lake/')
  const stray = keys.find((key) => !described.some((table) => isOf(table, key)))
  if (stray !== undefined)
    throw new PipelineError('run/contract-missing', `no contract that is given describes ${stray}`)
  const replays = await new ReplayDocuments(documents).all()
  const replayed = new Map<string, number[]>()
  for (const { table, version, revision, state } of replays)
    if (state === 'complete') {
      const name = `${table} v${version}`
      replayed.set(name, [...(replayed.get(name) ?? []), revision])
    }
  const remains: Remains = {
    objects,
    engine,
    replayed,
    compactions: new CompactionDocuments(documents),
    loads: await new LoadDocuments(documents).all(),
  }
  const entries: CatalogEntry[] = []
  for (const table of described) entries.push(await entryOf(table, remains))
  return withFloors(entries, remains)
}

function isOf({ location, baseLocation }: CatalogTable, key: string): boolean {
  return key.startsWith(`${location}/`) || key.startsWith(`${baseLocation}/`)
}

async function entryOf(table: CatalogTable, remains: Remains): Promise<CatalogEntry> {
  const { objects, compactions } = remains
  const record = await compactions.read(table.name, table.version)
  const build = Math.max(0, ...(record?.builds ?? []).map((made) => made.build))
  const gone = new Set((record?.retired ?? []).filter((file) => file.build <= build).map(({ key }) => key))
  const history = (await objects.list(`${table.location}/`)).filter((key) => !gone.has(key))
  const days = [...new Set(history.map(dayOf))].filter((day) => day !== '').sort()
  /* Where every day was dropped, the first that may come. */
  const openSince = days[0] ?? record?.historySince ?? '0001-01-01'
  const baseFiles = (await objects.list(`${table.baseLocation}/`)).filter((key) => !gone.has(key))
  const base = await baseOf(table, { build, record, keys: baseFiles, openSince }, remains)
  return {
    table,
    partitions: days,
    floors: [],
    revisions: await revisionsOf(table, [...history, ...fileKeys(base)], remains),
    base,
  }
}

interface BaseRemains {
  readonly build: number
  readonly record: CompactionRecord | undefined
  readonly keys: readonly string[]
  readonly openSince: string
}

/* The record of a build is saved before it is shown, and when every file of it is there: it is shown then. */
async function baseOf(
  table: CatalogTable,
  { build, record, keys, openSince }: BaseRemains,
  { objects, engine }: Remains,
): Promise<Base | null> {
  const own = keys.filter((key) => buildOf(key) <= build)
  if (record === undefined && keys.length > 0)
    throw new PipelineError(
      'run/damaged',
      `compaction/${table.name}.v${table.version} is missing: it says which files of base count`,
    )
  if (record === undefined || build === 0) return null
  refuseTwins(table, own)
  const rows = await rowsByFile(
    own.map((key) => objects.path(key)),
    engine,
  )
  const sizes = await sizesOf(
    own.map((key) => objects.path(key)),
    engine,
  )
  const file = (key: string): LakeFile => {
    const path = objects.path(key)
    return { key, rows: rows.get(path) ?? 0, bytes: sizes.get(path) ?? 0 }
  }
  const live = own.filter((key) => !key.includes(TOMBSTONE))
  const parts = new Map<string, BasePart>()
  for (const key of live) {
    const values = valuesOf(table, key)
    const name = JSON.stringify(values)
    parts.set(name, { values, files: [...(parts.get(name)?.files ?? []), file(key)] })
  }
  const [[position] = []] =
    own.length === 0
      ? []
      : await engine.rows(`SELECT max(_position) FROM read_parquet(${pathList(own.map((key) => objects.path(key)))},
          union_by_name = true, hive_partitioning = false)`)
  /* Of a table that was truncated base may have no row, and the truncate may be among what was dropped. */
  const reached = [String(position ?? ''), ...floorsOf(record)].sort().at(-1) ?? ''
  return {
    build,
    position: reached,
    openSince,
    folded: [],
    historyFrom: record.historySince === null ? null : reached,
    parts: [...parts.values()],
    tombstones: own.filter((key) => key.includes(TOMBSTONE)).map(file),
    rows: live.reduce((sum, key) => sum + file(key).rows, 0),
  }
}

/* What builds were made above: history that was dropped has no row of it any more. */
function floorsOf(record: CompactionRecord | undefined): readonly string[] {
  return (record?.builds ?? []).flatMap(({ floor }) => floor ?? [])
}

/* Two attempts at one build: one broke off before it was recorded, and nothing says which. */
function refuseTwins({ name, version }: CatalogTable, keys: readonly string[]): void {
  const attempts = new Map<number, Set<string>>()
  for (const key of keys) {
    const attempt = BUILD.exec(key)?.[2] ?? ''
    attempts.set(buildOf(key), (attempts.get(buildOf(key)) ?? new Set()).add(attempt))
  }
  if ([...attempts.values()].some((names) => names.size > 1))
    throw new PipelineError(
      'run/damaged',
      `${printTableVersion({ name, version })}: two attempts at one build of base are there, and no catalog says which counts`,
    )
}

function buildOf(key: string): number {
  return Number(BUILD.exec(key)?.[1] ?? 0)
}

function valuesOf(
  { baseLocation, basePartitions }: CatalogTable,
  key: string,
): Readonly<Record<string, string>> {
  const folders = key.slice(baseLocation.length + 1).split('/')
  return Object.fromEntries(
    basePartitions.map(({ name }, index) => [name, folders[index]?.slice(name.length + 1) ?? '']),
  )
}

function fileKeys(base: Base | null): readonly string[] {
  return base === null ? [] : base.parts.flatMap(({ files }) => files.map(({ key }) => key))
}

/* A redrive shows its revision before its rows come; a replay's rows lie in files of their own until it is shown. */
async function revisionsOf(
  table: CatalogTable,
  keys: readonly string[],
  { objects, engine, replayed }: Remains,
): Promise<readonly number[]> {
  const paths = keys.filter((key) => !REPLAY.test(key)).map((key) => objects.path(key))
  const seen = await engine.rows(
    `SELECT DISTINCT _revision FROM (${rowsOfFiles(table, paths)}) WHERE _revision > 0`,
  )
  const shown = replayed.get(printTableVersion(table)) ?? []
  return [...new Set([...seen.map(([revision]) => Number(revision)), ...shown])].sort((a, b) => a - b)
}

async function withFloors(
  entries: readonly CatalogEntry[],
  { loads, compactions, objects, engine }: Remains,
): Promise<readonly CatalogEntry[]> {
  const floors = new Map<string, Map<string, Floor>>()
  const add = (source: string, floor: Floor) =>
    floors.set(source, (floors.get(source) ?? new Map()).set(floor.position, floor))
  for (const { table } of entries)
    for (const position of floorsOf(await compactions.read(table.name, table.version)))
      add(table.source, { position, reason: 'truncate' })
  for (const load of loads)
    for (const { table, state, position } of load.tables)
      if (state === 'complete' && position !== null) add(table, { position, reason: 'load' })
  for (const { table } of entries) {
    const paths = (await objects.list(`${table.location}/`)).map((key) => objects.path(key))
    const found = await engine.rows(
      `SELECT DISTINCT _position FROM (${rowsOfFiles(table, paths)}) WHERE _op = 'truncate'`,
    )
    for (const [position] of found) add(table.source, { position: String(position), reason: 'truncate' })
  }
  return entries.map((entry) => ({
    ...entry,
    floors: [...(floors.get(entry.table.source) ?? new Map<string, Floor>()).values()].sort((a, b) =>
      a.position < b.position ? -1 : 1,
    ),
  }))
}

async function rowsByFile(
  paths: readonly string[],
  engine: DuckEngine,
): Promise<ReadonlyMap<string, number>> {
  if (paths.length === 0) return new Map()
  const rows = await engine.rows(`SELECT file_name, num_rows FROM parquet_file_metadata(${pathList(paths)})`)
  return new Map(rows.map(([path, count]) => [String(path), Number(count)]))
}

async function sizesOf(paths: readonly string[], engine: DuckEngine): Promise<ReadonlyMap<string, number>> {
  if (paths.length === 0) return new Map()
  const rows = await engine.rows(`SELECT filename, size FROM read_blob(${pathList(paths)})`)
  return new Map(rows.map(([path, size]) => [String(path), Number(size)]))
}
