import type { LastChange, Life } from '../lake/lake-side.ts'
import type { QuarantinedKeys, WaitingChange } from '../lake/quarantined-keys.ts'
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

/** What history knows of keys; see `LakeSide`. */
export interface LakeKeys {
  readonly lastChanges: (keys: readonly string[]) => Promise<ReadonlyMap<string, LastChange>>
  readonly livesOf: (last: ReadonlyMap<string, LastChange>) => Promise<ReadonlyMap<string, readonly Life[]>>
  readonly floor: string
}

/**
 * Parts what a comparison found from what changes in quarantine explain. A change that waits explains the one row of its
 * key: that it is as it was before the change, or held back for want of what the change brought. It explains no second
 * row, no row that is gone though nothing took it away, none that the change would not leave, and nothing that later
 * changes have made.
 */
export async function unexplained(
  comparison: Comparison,
  { changes, unknown }: QuarantinedKeys,
  lake: LakeKeys,
): Promise<Unexplained> {
  const gone = comparison.differences.flatMap(({ key, lakeRows }) => (lakeRows === 0 ? [key] : []))
  const last = gone.length === 0 ? new Map<string, LastChange>() : await lake.lastChanges(gone)
  const held = new Map([...last].filter(([, { is }]) => is === 'held back'))
  /* Without changes in quarantine nothing is left to explain by. */
  const lives = changes.size === 0 || held.size === 0 ? new Map<string, never>() : await lake.livesOf(held)
  const isWaiting = ({ key, from, to }: Life) =>
    changes.get(key)?.some(({ position }) => position >= from && position <= to) === true
  const isExplained = (one: Difference): boolean => {
    if (one.lakeRows > 1 || one.sourceRows > 1) return false
    if (held.has(one.key)) return (lives.get(one.key) ?? []).some(isWaiting)
    const waiting = changes.get(one.key) ?? []
    if (one.position !== null) return explains(after(waiting, one.position), one)
    const { is, position } = last.get(one.key) ?? { is: 'deleted', position: undefined }
    if (is !== 'deleted') return false
    const since =
      position === undefined ? waiting.filter((q) => q.position >= lake.floor) : after(waiting, position)
    return isBrought(since) && explains(since, one)
  }
  const explained = new Set(comparison.differences.filter(isExplained))
  return {
    heldBackKeys: [...held.keys()],
    differences: comparison.differences.filter((one) => !explained.has(one)),
    different: comparison.differenceCount - explained.size,
    quarantinedKeys: [...explained].map(({ key }) => key),
    unplaced: unknown,
  }
}

function after(waiting: readonly WaitingChange[], position: string): readonly WaitingChange[] {
  return waiting.filter((one) => one.position > position)
}

/* The source is as the last of the changes that came after the lake's row left it: with the row, or without. */
function explains(waiting: readonly WaitingChange[], { sourceRows }: Difference): boolean {
  const newest = waiting.at(-1)
  if (newest === undefined) return false
  return newest.effect === 'unknown' || (newest.effect === 'removes') === (sourceRows === 0)
}

/* A row that is not there at all was not altered: the first change that waits made it. */
function isBrought([first]: readonly WaitingChange[]): boolean {
  return first?.effect === 'brings' || first?.effect === 'unknown'
}
