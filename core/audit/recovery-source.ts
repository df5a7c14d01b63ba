import { printTableVersion } from '../contract/language/table-version.ts'
import type { ManifestDay, ManifestFile } from '../ledger/ledger.ts'
import type { Position } from '../position.ts'
import { isOfLoad } from '../replay/replay.ts'
import type { AuditDeps } from './ledger-audit.ts'

/** What brings the rows of a history file back: the object that it was made of, or else pages and files of a load. */
export type RecoverySource =
  | { readonly kind: 'object'; readonly object: string }
  | { readonly kind: 'rows'; readonly pages: readonly string[]; readonly loadFiles: readonly string[] }

export interface MissingFile {
  readonly day: ManifestDay
  readonly file: ManifestFile
  /** Source table. */
  readonly table: string | undefined
  /** It is there, with whatever bytes. */
  readonly isThere: boolean
  /** Undefined when none of it is there any more. */
  readonly source: RecoverySource | undefined
}

export interface RecoveryDeps extends Pick<AuditDeps, 'raw' | 'records' | 'readers'> {
  readonly objects: { readonly objects: (prefix: string) => AsyncIterable<{ readonly key: string }> }
  /** The newest complete load of a source table; left out where no file of a load lands again. */
  readonly load?: (table: string) => Promise<CompleteLoad | undefined>
}

export interface CompleteLoad {
  /** Its files, with the history files that were made of them first. */
  readonly files: readonly { readonly key: string; readonly history: readonly string[] }[]
  /** Where its rows rank. */
  readonly position: Position
}

const FILE = /\/ingest_date=(\d{4}-\d{2}-\d{2})\/([^/]+)\.parquet$/
/* Firehose writes the hour into the name of an object: `<stream>-<version>-2026-11-23-10-00-00-<uuid>`. */
const HOUR = /(\d{4})-(\d{2})-(\d{2})-(\d{2})-\d{2}-\d{2}-/
/* Compaction merges what changes and what loads have brought. */
const MERGED = /\/merged-[^/]*$/

/**
 * Finds what a history file that the ledger knows can be made of again; undefined for another file. Reads the heads of the
 * table's pages up to the end of the file.
 */
export async function findRecoverySource(key: string, deps: RecoveryDeps): Promise<MissingFile | undefined> {
  const [, date, name = ''] = FILE.exec(key) ?? []
  for (const day of await deps.records.days()) {
    if (day.day !== date) continue
    const file = (await deps.records.files(day)).find((one) => one.key === key)
    if (file === undefined) continue
    const isThere = (await firstKey(deps, key, (found) => found === key)) !== undefined
    const table = sourceOf(day, deps)
    const object = await objectOf(name, day.day, deps)
    const source: RecoverySource | undefined =
      object === undefined ? await rowsOf(table, file, deps) : { kind: 'object', object }
    return { day, file, table, isThere, source }
  }
  return undefined
}

function sourceOf({ table, version }: ManifestDay, { readers }: RecoveryDeps): string | undefined {
  const contract = printTableVersion({ name: table, version })
  return readers.find((reader) => reader.contract === contract)?.source
}

async function objectOf(name: string, date: string, deps: RecoveryDeps): Promise<string | undefined> {
  const [, ...hour] = HOUR.exec(name) ?? []
  const folder = hour.length === 0 ? date.replaceAll('-', '/') : hour.join('/')
  return firstKey(deps, `landing/changes/${folder}/`, (found) => found.endsWith(`/${name}.ndjson.gz`))
}

async function firstKey(
  { objects }: RecoveryDeps,
  prefix: string,
  isMeant: (key: string) => boolean,
): Promise<string | undefined> {
  for await (const { key } of objects.objects(prefix)) if (isMeant(key)) return key
  return undefined
}

/* All of its rows or nothing: a file that comes back in part would be taken for whole. */
async function rowsOf(
  table: string | undefined,
  file: ManifestFile,
  deps: RecoveryDeps,
): Promise<RecoverySource | undefined> {
  if (table === undefined) return undefined
  const { first, last } = file
  const load = await deps.load?.(table)
  const hasLoad =
    load !== undefined && first !== null && last !== null && first <= load.position && load.position <= last
  if (isOfLoad(file.key)) return hasLoad ? filesOf(load, file.key) : undefined
  if (MERGED.test(file.key) && deps.load === undefined && (await wasLoaded(table, deps))) return undefined
  const pages = await pagesOf(table, file, deps)
  const loadFiles = MERGED.test(file.key) && hasLoad ? load.files.map(({ key: one }) => one) : []
  return pages.length + loadFiles.length === 0 ? undefined : { kind: 'rows', pages, loadFiles }
}

/* Only the one that it was made of, where that is known. */
function filesOf({ files }: CompleteLoad, key: string): RecoverySource | undefined {
  const made = files.filter(({ history }) => history.includes(key))
  const loadFiles = (made.length > 0 ? made : files).map((one) => one.key)
  return loadFiles.length === 0 ? undefined : { kind: 'rows', pages: [], loadFiles }
}

async function wasLoaded(table: string, { records }: RecoveryDeps): Promise<boolean> {
  for await (const file of records.loadFiles()) if (file.table === table) return true
  return false
}

async function pagesOf(
  source: string,
  { first, last }: Pick<ManifestFile, 'first' | 'last'>,
  { raw }: RecoveryDeps,
): Promise<readonly string[]> {
  if (first === null || last === null) return []
  const pages: string[] = []
  for await (const page of raw.heads(source, { to: last }))
    if (page.lastPosition >= first) pages.push(page.key)
  return pages
}
