import type { Position } from '../../../core/position.ts'
import type { LakeRowName } from '../lake/lake-side.ts'
import type { QuarantinedKeys } from '../lake/quarantined-keys.ts'
import type { Comparison, Difference } from './compare-table.ts'

/** What a comparison found, apart from what changes in quarantine explain. */
export interface Unexplained {
  readonly differences: readonly Difference[]
  /** Their number, those that are not listed too. */
  readonly different: number
  /** Keys that differ because their change is in quarantine. */
  readonly quarantinedKeys: readonly string[]
  /** Keys of the source that readers are not shown, for nothing in the lake has all of their row; explained or not. */
  readonly heldBackKeys: readonly string[]
  /** Changes in quarantine that do not say which row they are of; 0 where nothing differs. */
  readonly unplaced: number
}

/** Asks the lake for the keys that rows which lack columns have, and had before; a row may be held back by it. */
type FormerKeys = (rows: readonly LakeRowName[]) => Promise<ReadonlyMap<string, readonly string[]>>

export interface LakeKeys {
  readonly formerKeys: FormerKeys
  /** Of some keys those that the lake holds back. */
  readonly heldBack: (keys: readonly string[]) => Promise<readonly string[]>
}

export async function unexplained(
  comparison: Comparison,
  { positions, unknown }: QuarantinedKeys,
  { formerKeys, heldBack }: LakeKeys,
): Promise<Unexplained> {
  const plain = new Set(comparison.differences.filter((one) => explains(positions.get(one.key), one)))
  const rest = comparison.differences.filter((one) => !plain.has(one))
  /* Without changes in quarantine nothing is left to explain by. */
  const former = positions.size === 0 ? new Map<string, readonly string[]>() : await formerKeys(rest)
  const isInherited = ({ key }: Difference) => former.get(key)?.some((one) => positions.has(one)) === true
  const differences = rest.filter((one) => !isInherited(one))
  const explained = comparison.differences.filter((one) => plain.has(one) || isInherited(one))
  const missing = comparison.differences.flatMap(({ key, lakeRows }) => (lakeRows === 0 ? [key] : []))
  return {
    heldBackKeys: missing.length === 0 ? [] : await heldBack(missing),
    differences,
    different: comparison.differenceCount - explained.length,
    quarantinedKeys: explained.map(({ key }) => key),
    unplaced: unknown,
  }
}

/*
 * A quarantined change explains a difference when it is newer than the lake's row, or when that row lacks columns that
 * only the quarantined change brought, also to a key that the row had before.
 */
function explains(quarantined: Position | undefined, { position, hasAbsent }: Difference): boolean {
  if (quarantined === undefined) return false
  return position === null || quarantined >= position || hasAbsent
}
