import { PipelineError } from '../../core/failures/failures.ts'
import { loadPosition, type Position, parsePosition } from '../../core/position.ts'

export interface PlaceKnown {
  readonly epoch: number
  /** The newest change that capture has stored of the source; undefined when it has none. */
  readonly captured: Position | undefined
  /** Where earlier loads of the tables rank, and their floors. */
  readonly earlier: readonly Position[]
}

/*
 * Between two commits lie at least the header and the commit time of a record of the log: 24 bytes and 8 (PostgreSQL,
 * access/xlogrecord.h). No commit has a place that is less than that after another one.
 */
const LEAST_COMMIT = 24n

/**
 * Where the rows of a load rank that is read from now on: just after the newest commit that was captured, which was over
 * at the source, as all before it were; and after every earlier load of its tables, for rows of two loads at one place
 * could not be told apart, and what was deleted between them would stay. Throws `settings/invalid` for an epoch
 * that is over, and `load/nothing-captured` when the place could be that of a commit still to come.
 */
export function loadPlace({ epoch, captured, earlier }: PlaceKnown): Position {
  const known = [...(captured === undefined ? [] : [captured]), ...earlier].map(parsePosition)
  const newer = known.find((one) => one.epoch > epoch)
  if (newer !== undefined)
    throw new PipelineError(
      'settings/invalid',
      `TIDEMARK_EPOCH is ${epoch}, and epoch ${newer.epoch} has begun`,
    )
  const lsns = known.filter((one) => one.epoch === epoch).map(({ lsn }) => lsn)
  const lsn = lsns.reduce((highest, one) => (one >= highest ? one + 1n : highest), 0n)
  const commit = captured === undefined ? undefined : parsePosition(captured)
  if (commit?.epoch === epoch && lsn >= commit.lsn + LEAST_COMMIT)
    throw new PipelineError('load/nothing-captured', `${lsn - commit.lsn} loads since the last change`)
  return loadPosition(epoch, lsn)
}
