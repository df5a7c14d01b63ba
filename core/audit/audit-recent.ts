import type { Position } from '../position.ts'
import { type AuditedBalance, auditPages } from './audit-pages.ts'
import { stackPlace } from './audit-place.ts'
import { auditRecords, type LedgerAudit } from './audit-records.ts'
import type { AuditDeps, AuditTime, RangeOf } from './ledger-audit.ts'

/** How far audits came, so that the next one need not read what balanced long ago. */
export interface AuditMarks {
  /** Every page of the source that an audit at that time saw up to the position was settled. */
  note(source: string, mark: { readonly at: number; readonly through: Position }): Promise<void>
  /** The position of the newest mark that is not younger than an instant (epoch milliseconds); null when there is none. */
  before(source: string, instant: number): Promise<Position | null>
}

/**
 * Pages of changes that a source commits now may still come below what balanced a moment ago: a shard that lags, records
 * that DMS sends again. Marks younger than this are not trusted.
 */
const OVERLAP_MS = 2 * 86_400_000

/** The ranges from where the marks of an instant stand; whole tables where there is none. */
async function rangesSince(
  { marks, readers }: Pick<AuditDeps, 'readers'> & { readonly marks: AuditMarks },
  instant: number,
): Promise<RangeOf> {
  const from = new Map<string, Position>()
  for (const source of new Set(readers.map((reader) => reader.source))) {
    const position = await marks.before(source, instant)
    if (position !== null) from.set(source, position)
  }
  return (source) => {
    const position = from.get(source)
    return position === undefined ? {} : { from: position }
  }
}

/**
 * Audits what is not settled for long (`OVERLAP_MS`) and notes how far it came: the cost is that of the pages of two days,
 * and of all since the first that is missing.
 */
export async function auditRecent(
  deps: AuditDeps & { readonly marks: AuditMarks },
  { now, overdueMs }: AuditTime,
): Promise<LedgerAudit> {
  const since = now - OVERLAP_MS
  const rangeOf = await rangesSince(deps, since)
  const firstDay = new Date(since).toISOString().slice(0, 10)
  const audit = await auditRecords(deps, { now, overdueMs, rangeOf, firstDay })
  for (const [source, through] of settledThrough(audit.balances))
    await deps.marks.note(source, { at: now, through })
  return audit
}

/** How the changes stand that are not settled for long, by contract: pages only, no file is looked at, nothing noted. */
export async function recentBalances(
  deps: AuditDeps & { readonly marks: AuditMarks },
  time: AuditTime,
): Promise<readonly AuditedBalance[]> {
  const rangeOf = await rangesSince(deps, time.now - OVERLAP_MS)
  return (await auditPages(deps, { place: stackPlace(time), rangeOf })).balances
}

function settledThrough(balances: readonly AuditedBalance[]): ReadonlyMap<string, Position> {
  return new Map(
    balances.flatMap(({ source, landedThrough }) =>
      landedThrough === null ? [] : [[source, landedThrough]],
    ),
  )
}
