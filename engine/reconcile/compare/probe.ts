import type { Table } from '../../../core/contract/language/table.ts'
import { quarantinedKeys } from '../lake/quarantined-keys.ts'
import type { Selection } from '../source/source-side.ts'
import { compareTable, type Sides } from './compare-table.ts'
import { type Unexplained, unexplained } from './explained.ts'
import { openSides, type ProveDeps } from './open-sides.ts'
import type { RetryWindow } from './retry-window.ts'

/** What is known of a table after it was compared. */
export interface Probe {
  readonly sides: Sides
  readonly sourceRows: number
  readonly lakeRows: number
  readonly found: Unexplained
}

const NOTHING: Unexplained = {
  differences: [],
  different: 0,
  quarantinedKeys: [],
  heldBackKeys: [],
  unplaced: 0,
}

/** Compares the selected rows, and finds what changes in quarantine explain. */
export async function probe(
  deps: ProveDeps,
  table: Table,
  sides: Sides,
  selection: Selection,
): Promise<Probe> {
  const comparison = await compareTable(sides, selection)
  const { sourceRows, lakeRows, differenceCount } = comparison
  if (differenceCount === 0) return { sides, sourceRows, lakeRows, found: NOTHING }
  const { quarantine, maskKey, asOf } = deps
  const quarantined = await quarantinedKeys(quarantine, table, maskKey, asOf)
  const found = await unexplained(comparison, quarantined, sides.lake)
  return { sides, sourceRows, lakeRows, found }
}

/**
 * Compares the keys that differ once more, in the snapshot of now and with the lake as it is now: it may know days and files that it did not
 * before. Keys that were counted and not listed still count.
 */
export async function recompare(deps: ProveDeps, table: Table, before: Probe): Promise<Probe> {
  const { differences, different, quarantinedKeys: explained, heldBackKeys } = before.found
  const keys = new Set(differences.map(({ key }) => key))
  const now = await probe(deps, table, await openSides(deps, table), { kind: 'keys', keys })
  const rowsOf = (side: 'sourceRows' | 'lakeRows') => differences.reduce((total, one) => total + one[side], 0)
  return {
    sides: now.sides,
    sourceRows: before.sourceRows - rowsOf('sourceRows') + now.sourceRows,
    lakeRows: before.lakeRows - rowsOf('lakeRows') + now.lakeRows,
    found: {
      differences: now.found.differences,
      different: now.found.different + different - differences.length,
      quarantinedKeys: [...explained, ...now.found.quarantinedKeys],
      unplaced: now.found.unplaced,
      heldBackKeys: [...heldBackKeys.filter((key) => !keys.has(key)), ...now.found.heldBackKeys],
    },
  }
}

/** Looks again at what differs until nothing does, the window is over, or waiting is said not to help. */
export async function recompareUntilEqual(
  deps: ProveDeps,
  table: Table,
  first: Probe,
  {
    selection,
    retryWindow,
    isVain = async () => false,
  }: {
    readonly selection: Selection
    readonly retryWindow: RetryWindow | undefined
    readonly isVain?: (now: Probe) => Promise<boolean>
  },
): Promise<Probe> {
  let now = first
  while (now.found.different > 0 && retryWindow !== undefined) {
    if ((await isVain(now)) || !(await waited(deps, retryWindow))) return now
    deps.signal.throwIfAborted()
    now = await recompareRest(deps, table, now, selection)
  }
  return now
}

/** Compares once more what differs, or everything where not all of that is listed. */
export async function recompareRest(
  deps: ProveDeps,
  table: Table,
  before: Probe,
  selection: Selection,
): Promise<Probe> {
  const { different, differences } = before.found
  return different === differences.length
    ? recompare(deps, table, before)
    : probe(deps, table, await openSides(deps, table), selection)
}

function waited({ aside, steps }: ProveDeps, retryWindow: RetryWindow): Promise<boolean> {
  return steps.run('the lake was waited for', () => aside(() => retryWindow.again()))
}
