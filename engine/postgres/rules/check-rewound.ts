import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { type Position, parsePosition } from '../../../core/position.ts'
import { formatLsn, parseLsn } from '../connection/lsn.ts'

export interface RewoundCheck {
  readonly epoch: number
  /** The highest position that was captured, of any epoch; undefined before the first change. */
  readonly captured: Position | undefined
}

/**
 * Throws `source/rewound` when the source's log ends, at `now`, before what was captured of it. A change is only captured when
 * the source has its commit on disk, so that is another log: the source was restored, and what it commits from now on would
 * rank below the hours that are gone. Not seen is a source that has written more log since than it lost.
 */
export function refuseRewound(now: bigint, { epoch, captured }: RewoundCheck): void {
  const newest = captured === undefined ? undefined : parsePosition(captured)
  if (newest === undefined || newest.epoch !== epoch || now >= newest.lsn) return
  throw new PipelineError(
    'source/rewound',
    `the log of the source ends at ${formatLsn(now)}, and changes up to ${formatLsn(newest.lsn)} were captured`,
  )
}

/** The same, asking the source. */
export async function checkRewound(client: ClientBase, check: RewoundCheck): Promise<void> {
  const { rows } = await client.query<{ position: string }>(
    'select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text as position',
  )
  refuseRewound(parseLsn(rows[0]?.position ?? ''), check)
}
