import { printTableVersion } from '../contract/language/table-version.ts'
import type { ManifestDay } from '../ledger/ledger.ts'
import { isOfLoad } from '../replay/replay.ts'
import type { AuditDeps } from './ledger-audit.ts'

/** What brings the rows of a history file back: the object that it was made of, or else the pages of its positions. */
export type RecoverySource =
  | { readonly kind: 'object'; readonly object: string }
  | { readonly kind: 'pages'; readonly pages: readonly string[] }

export interface MissingFile {
  readonly day: ManifestDay
  /** It is there, with whatever bytes. */
  readonly isThere: boolean
  /** Undefined for a file of a load, or when neither object nor raw pages are there any more. */
  readonly source: RecoverySource | undefined
}

const FILE = /\/ingest_date=(\d{4}-\d{2}-\d{2})\/([^/]+)\.parquet$/
/* Firehose writes the hour into the name of an object: `<stream>-<version>-2026-11-23-10-00-00-<uuid>`. */
const HOUR = /(\d{4})-(\d{2})-(\d{2})-(\d{2})-\d{2}-\d{2}-/

/**
 * Finds what a history file that the ledger knows can be made of again; undefined for another file. Reads the heads of the
 * table's pages up to the end of the file.
 */
export async function findRecoverySource(key: string, deps: AuditDeps): Promise<MissingFile | undefined> {
  const [, date, name = ''] = FILE.exec(key) ?? []
  for (const day of await deps.records.days()) {
    if (day.day !== date) continue
    const file = (await deps.records.files(day)).find((one) => one.key === key)
    if (file === undefined) continue
    const isThere = (await firstKey(deps, key, (found) => found === key)) !== undefined
    const object = await objectOf(name, day.day, deps)
    if (object !== undefined) return { day, isThere, source: { kind: 'object', object } }
    const pages = isOfLoad(key) ? [] : await pagesOf(day, file, deps)
    return { day, isThere, source: pages.length === 0 ? undefined : { kind: 'pages', pages } }
  }
  return undefined
}

function objectOf(name: string, date: string, deps: AuditDeps): Promise<string | undefined> {
  const [, ...hour] = HOUR.exec(name) ?? []
  const folder = hour.length === 0 ? date.replaceAll('-', '/') : hour.join('/')
  return firstKey(deps, `landing/changes/${folder}/`, (found) => found.endsWith(`/${name}.ndjson.gz`))
}

async function firstKey(
  { objects }: AuditDeps,
  prefix: string,
  isMeant: (key: string) => boolean,
): Promise<string | undefined> {
  for await (const { key } of objects.objects(prefix)) if (isMeant(key)) return key
  return undefined
}

async function pagesOf(
  { table, version }: ManifestDay,
  { first, last }: { readonly first: string | null; readonly last: string | null },
  { raw, readers }: AuditDeps,
): Promise<readonly string[]> {
  const source = readers.find(
    ({ contract }) => contract === printTableVersion({ name: table, version }),
  )?.source
  if (source === undefined || first === null || last === null) return []
  const pages: string[] = []
  for await (const page of raw.heads(source, { to: last }))
    if (page.lastPosition >= first) pages.push(page.key)
  return pages
}
