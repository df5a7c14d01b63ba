import type { Catalog, CatalogEntry, Ledger, ObjectStore } from '../../core/ports.ts'
import type { CompactionLedger, CompactionRecord } from './compaction-ledger.ts'
import { dayBefore, dayOf } from './history-listing.ts'
import { deleteRetired } from './retire-files.ts'

export interface MaintainDeps {
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly catalog: Pick<Catalog, 'dropPartitions'>
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
  const after: CompactionRecord = {
    ...record,
    historySince: partitions.find((day) => !past.has(day)) ?? base.openSince,
    retired: [
      ...record.retired.filter(({ key }) => !going.has(key)),
      ...keys.map((key) => ({ key, build: base.build, at: now, reason: 'past' as const })),
    ],
  }
  /* The record first: from here on history is known not to be whole. */
  await ledger.save(after)
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
