import type { Position } from '../../core/position.ts'
import type { Comparison, Difference } from './compare-table.ts'
import type { QuarantinedKeys } from './quarantined-keys.ts'

/** What a comparison found, apart from what changes in quarantine explain. */
export interface Unexplained {
  readonly differences: readonly Difference[]
  /** Their number, those that are not listed too. */
  readonly different: number
  /** Keys that differ because their change is in quarantine. */
  readonly quarantinedKeys: readonly string[]
}

export function unexplained(comparison: Comparison, quarantined: QuarantinedKeys): Unexplained {
  const isExplained = (difference: Difference) =>
    explains(quarantined.positions.get(difference.key), difference)
  const explained = comparison.differences.filter(isExplained)
  return {
    differences: comparison.differences.filter((difference) => !isExplained(difference)),
    different: comparison.differenceCount - explained.length,
    quarantinedKeys: explained.map(({ key }) => key),
  }
}

/*
 * A quarantined change explains a difference when it is newer than the lake's row, or when that row lacks columns that
 * only the quarantined change brought.
 */
function explains(quarantined: Position | undefined, { position, hasAbsent }: Difference): boolean {
  if (quarantined === undefined) return false
  return position === null || quarantined >= position || hasAbsent
}
