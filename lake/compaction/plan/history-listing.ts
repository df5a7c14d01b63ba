import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { ObjectStore } from '../../../core/ports/ports.ts'
import type { CompactionRecord } from './compaction-ledger.ts'

/** The history files of a table version when a compaction begins; files that appear later are the next one's. */
export interface HistoryListing {
  /** Files that may be read, of registered days. */
  readonly files: readonly string[]
  /** Of those, what no base has. */
  readonly fresh: readonly string[]
  /** Files of replays that are not published, and merged files of a build that never was. */
  readonly hidden: readonly string[]
  readonly leftovers: readonly string[]
  /** Files whose rows are in a merged one too, until they are deleted. */
  readonly retired: readonly string[]
}

const REPLAY = /\/replay-r(\d+)-[^/]*$/
const MERGED = /\/merged-(\d+)(?:-[0-9a-f]+)?\.parquet$/
const DAY = /\/ingest_date=(\d{4}-\d{2}-\d{2})\/[^/]+\.parquet$/

/** Lists what a table version has. Keys are sorted. */
export async function listHistory(
  { table, partitions, revisions, base }: CatalogEntry,
  objects: Pick<ObjectStore, 'list'>,
  record: Pick<CompactionRecord, 'retired'>,
): Promise<HistoryListing> {
  const days = new Set(partitions)
  const folded = new Set(base?.folded ?? [])
  const listed = await objects.list(`${table.location}/`)
  const keys = listed.filter((key) => days.has(dayOf(key)))
  const leftovers = keys.filter((key) => Number(MERGED.exec(key)?.[1] ?? 0) > (base?.build ?? 0))
  const hidden = keys.filter((key) => {
    const revision = REPLAY.exec(key)?.[1]
    return revision !== undefined && !revisions.includes(Number(revision))
  })
  /* Only what a published build put out of use: an attempt that broke off changed nothing. */
  const gone = new Set(
    record.retired.filter((file) => file.build <= (base?.build ?? 0)).map(({ key }) => key),
  )
  const retired = keys.filter((key) => gone.has(key))
  const aside = new Set([...leftovers, ...hidden, ...retired])
  const files = keys.filter((key) => !aside.has(key))
  const fresh = files.filter((key) => dayOf(key) >= (base?.openSince ?? '') && !folded.has(key))
  return { files, fresh, hidden, leftovers, retired }
}

/** The listing without some files, whose rows nobody may see yet. */
export function hideFiles(listing: HistoryListing, keys: readonly string[]): HistoryListing {
  const isShown = (key: string) => !keys.includes(key)
  return {
    ...listing,
    files: listing.files.filter(isShown),
    fresh: listing.fresh.filter(isShown),
    hidden: [...listing.hidden, ...keys],
  }
}

/** The ingest day of a history file; empty for a key of another form. */
export function dayOf(key: string): string {
  return DAY.exec(key)?.[1] ?? ''
}

/** The UTC day some days before a time. */
export function dayBefore(now: number, days: number): string {
  return new Date(now - days * 86_400_000).toISOString().slice(0, 10)
}
