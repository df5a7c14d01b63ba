import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { Catalog, Ledger, ObjectStore } from '../../core/ports/ports.ts'
import type { CompactionLedger, CompactionRecord } from './plan/compaction-ledger.ts'
import { dayBefore, dayOf } from './plan/history-listing.ts'
import { deleteRetired } from './plan/retire-files.ts'

export interface MaintainDeps {
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly catalog: Pick<Catalog, 'publishBase' | 'dropPartitions'>
  readonly ledger: CompactionLedger
  readonly manifest: Pick<Ledger, 'replaceFiles'>
}

/**
 * Takes ingest days beyond their retention away from readers: those folded whole and older than `keepHistoryDays`.
 * Their files go when the grace period is over. Resolves with the days.
 */
export async function dropPastDays(
  { table, partitions, base }: CatalogEntry,
  record: CompactionRecord,
  keepHistoryDays: number,
  now: number,
  { objects, catalog, ledger }: MaintainDeps,
): Promise<{ readonly record: CompactionRecord; readonly days: readonly string[] }> {
  if (base === null) return { record, days: [] }
  const first = dayBefore(now, keepHistoryDays)
  const days = partitions.filter((day) => day < first && day < base.openSince)
  if (days.length === 0) return { record, days }
  const past = new Set(days)
  const keys = (await objects.list(`${table.location}/`)).filter((key) => past.has(dayOf(key)))
  const going = new Set(keys)
  /* A build of the same files, that says what history lacks from now on. */
  const shown = { ...base, build: base.build + 1, historyFrom: base.position }
  const made = record.builds.filter(({ build }) => build === base.build)
  const after: CompactionRecord = {
    ...record,
    builds: [...made, ...made.map(({ floor }) => ({ build: shown.build, floor }))],
    historySince: partitions.find((day) => !past.has(day)) ?? base.openSince,
    retired: [
      ...record.retired.filter(({ key }) => !going.has(key)),
      ...keys.map((key) => ({ key, build: shown.build, at: now, reason: 'past' as const })),
    ],
  }
  /* The record first: from here on history is known not to be whole. */
  await ledger.save(after)
  await catalog.publishBase(table.name, table.version, shown, base.build)
  await catalog.dropPartitions(table.name, table.version, days)
  return { record: after, days }
}

/** Deletes what is out of use long enough, and remembers what still waits. */
export async function sweep(
  entry: CatalogEntry,
  record: CompactionRecord,
  graceMs: number,
  now: number,
  { objects, ledger, manifest }: MaintainDeps,
): Promise<{ readonly record: CompactionRecord; readonly deleted: number }> {
  const { waiting, deleted } = await deleteRetired(entry, record.retired, { objects, manifest, now, graceMs })
  const after = { ...record, retired: waiting }
  await ledger.save(after)
  return { record: after, deleted }
}
