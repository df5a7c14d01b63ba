import { type FailureCode, PipelineError } from '../../core/failures/failures.ts'
import { isAway } from '../../engine/postgres/connection/source-error.ts'

/** Waits between the attempts to load a table; there is one attempt more. */
export interface Waits {
  /** After a failure of the table that may pass. */
  readonly retryMs: readonly number[]
  /** While the source is away: a server that restarts or is replaced is no matter of the table. */
  readonly awayMs: readonly number[]
  /** Then so often until it is back or the load is cancelled; when left out, `awayMs` is all. */
  readonly thenEveryMs?: number
}

/** Three attempts of a table; as long as it takes for the source to come back. */
export const usualWaits: Waits = {
  retryMs: [1_000, 5_000],
  awayMs: [1_000, 5_000, 15_000, 30_000],
  thenEveryMs: 60_000,
}

/* The catalog that the attempt went by is out of date: another attempt goes by that of now. */
const OF_CATALOG: readonly FailureCode[] = ['source/no-tables', 'source/table-changed']
const OF_SOURCE: readonly FailureCode[] = ['source/authentication', 'source/no-database', 'source/tls']

/** How long to wait before the next attempt after `attempt` of the same kind; undefined when it is of no use, or none is left. */
export function waitAfter(
  error: unknown,
  attempt: number,
  { retryMs, awayMs, thenEveryMs }: Waits,
): number | undefined {
  if (!(error instanceof PipelineError)) return undefined
  if (isAway(error)) return awayMs[attempt] ?? thenEveryMs
  return error.action === 'retry' || OF_CATALOG.includes(error.code) ? retryMs[attempt] : undefined
}

/** Whether it is the source that failed, whichever table was read. */
export function isOfSource(error: unknown): boolean {
  return isAway(error) || (error instanceof PipelineError && OF_SOURCE.includes(error.code))
}
