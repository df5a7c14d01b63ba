import { hash } from 'node:crypto'
import { printAnyVersion, type TableVersion } from '../core/contract/language/table-version.ts'
import type { QuarantineEntry, Reason, WaitingEntry } from '../core/ports/ports.ts'

/** Entries that wait for one cause: the same reason of the same contract. An entry with two reasons is in two clusters. */
export interface Cluster {
  /** Short and stable: made of what the cluster is, not of what is in it. */
  readonly id: string
  readonly table: string | null
  readonly contract: TableVersion | null
  readonly reason: Reason
  readonly count: number
  readonly firstSeen: string
  readonly lastSeen: string
  /** Short id of one entry, to look at. */
  readonly example: string
}

/** What of an entry says which clusters it is in. */
type Causes = Pick<QuarantineEntry, 'table' | 'contract' | 'reasons'>

/** Groups entries by cause, the largest group first. */
export async function clusterRefusals(entries: AsyncIterable<WaitingEntry>): Promise<readonly Cluster[]> {
  const clusters = new Map<string, Cluster>()
  for await (const entry of entries) {
    for (const reason of causesOf(entry)) {
      const id = clusterId(entry, reason)
      const before = clusters.get(id)
      clusters.set(id, {
        id,
        table: entry.table,
        contract: entry.contract,
        reason,
        count: (before?.count ?? 0) + 1,
        firstSeen: before === undefined || entry.since < before.firstSeen ? entry.since : before.firstSeen,
        lastSeen: before === undefined || entry.since > before.lastSeen ? entry.since : before.lastSeen,
        example: before?.example ?? shortId(entry.id),
      })
    }
  }
  return [...clusters.values()].sort(
    (left, right) => right.count - left.count || (left.id < right.id ? -1 : 1),
  )
}

/** The clusters an entry is in. */
export function clusterIds(entry: Causes): readonly string[] {
  return causesOf(entry).map((reason) => clusterId(entry, reason))
}

/** What a person types instead of an entry's whole id. */
export function shortId(id: string): string {
  return hash('sha256', id).slice(0, 10)
}

/* `skills[2]` and `skills[5]` are one cause. */
function causesOf({ reasons }: Causes): readonly Reason[] {
  const causes = reasons.map((reason) => ({ ...reason, path: reason.path.replace(/\[\d+\]/g, '[]') }))
  return causes.filter((cause, index) => causes.findIndex((other) => sameReason(cause, other)) === index)
}

function sameReason(left: Reason, right: Reason): boolean {
  return left.code === right.code && left.path === right.path && left.message === right.message
}

function clusterId({ table, contract }: Causes, { code, path, message }: Reason): string {
  return shortId(JSON.stringify([table, printAnyVersion(contract), code, path, message])).slice(0, 8)
}
