import type { Base, CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { Ledger, ObjectStore } from '../../../core/ports/ports.ts'
import type { CompactionRecord, RetiredFile } from './compaction-ledger.ts'
import { dayOf } from './history-listing.ts'

/** Every file that a base names. */
export function filesOf(base: Base | null): readonly string[] {
  if (base === null) return []
  return [...base.parts.flatMap(({ files }) => files), ...base.tombstones].map(({ key }) => key)
}

/**
 * Deletes what is out of use for longer than the grace period. What a build that was never published left behind is out of
 * use from when it is first seen. Resolves with what still waits. Nothing that the catalog names is deleted, whatever the
 * record says.
 */
export async function deleteRetired(
  { table, base, partitions }: CatalogEntry,
  retired: readonly RetiredFile[],
  {
    objects,
    manifest,
    now,
    graceMs,
  }: {
    readonly objects: Pick<ObjectStore, 'list' | 'delete'>
    readonly manifest: Pick<Ledger, 'replaceFiles'>
    readonly now: number
    readonly graceMs: number
  },
): Promise<{ readonly waiting: readonly RetiredFile[]; readonly deleted: number }> {
  const build = base?.build ?? 0
  const used = new Set(filesOf(base))
  const waiting: RetiredFile[] = []
  const going: string[] = []
  for (const file of retired) {
    /* Of a build that was not published: its next attempt decides anew. */
    if (file.build > build || used.has(file.key)) continue
    const isShown = file.reason === 'past' && partitions.includes(dayOf(file.key))
    if (isShown || now < file.at + graceMs) {
      waiting.push(file)
      continue
    }
    going.push(file.key)
  }
  const seen = new Set([...waiting.map(({ key }) => key), ...going])
  for (const key of await objects.list(`${table.baseLocation}/`)) {
    if (used.has(key) || seen.has(key)) continue
    waiting.push({ key, build, at: now, reason: 'replaced' })
  }
  /* The manifest first: it must not name what is not there. */
  for (const [day, removed] of historyByDay(table.location, going))
    await manifest.replaceFiles({ table: table.name, version: table.version, day, added: [], removed })
  for (const key of going) await objects.delete(key)
  return { waiting, deleted: going.length }
}

function historyByDay(location: string, keys: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const days = new Map<string, string[]>()
  for (const key of keys)
    if (key.startsWith(`${location}/`)) days.set(dayOf(key), [...(days.get(dayOf(key)) ?? []), key])
  return days
}

/** The record as it is before any compaction: nothing is known, so history is not taken to be whole beside a base. */
export function firstRecord({ table, base, partitions }: CatalogEntry): CompactionRecord {
  return {
    table: table.name,
    version: table.version,
    builds: [],
    historySince: base === null ? null : (partitions[0] ?? base.openSince),
    retired: [],
    begunAt: null,
    foldedAt: null,
    failure: null,
  }
}
