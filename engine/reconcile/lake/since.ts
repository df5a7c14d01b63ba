import { PipelineError } from '../../../core/failures/failures.ts'
import type { Clock } from '../../../core/ports/ports.ts'
import { isPosition, type Position } from '../../../core/position.ts'
import { literal } from '../../../lake/sql/sql-text.ts'

/** From where on changes count. */
export type Since =
  | { readonly kind: 'position'; readonly position: Position }
  /** Epoch milliseconds of the commit. */
  | { readonly kind: 'time'; readonly at: number }

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a position, an instant in ISO 8601 with its offset, or a time ago such as `2h`. Throws `usage/invalid`. */
export function parseSince(text: string, now: Clock): Since {
  if (isPosition(text)) return { kind: 'position', position: text }
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return { kind: 'time', at: now() - Number(count) * (UNITS[unit] ?? 0) }
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new PipelineError(
      'usage/invalid',
      'since: a position, a time such as 2026-01-31T12:00:00Z, or a time ago such as 30m, 2h or 1d',
    )
  return { kind: 'time', at }
}

/** The condition of changes that count. Rows of a load have no commit time: only a position reaches them. */
export function sinceCondition(since: Since): string {
  if (since.kind === 'position') return `_position >= ${literal(since.position)}`
  return `_committed_at >= ${literal(new Date(since.at).toISOString())}::TIMESTAMPTZ`
}
