import type { Table } from '../../../core/contract/language/table.ts'
import { quarantinedKeys } from '../lake/quarantined-keys.ts'
import type { Selection } from '../source/source-side.ts'
import { compareTable, type Sides } from './compare-table.ts'
import { type Unexplained, unexplained } from './explained.ts'
import { openSides, type ProveDeps } from './open-sides.ts'
import type { Patience } from './patience.ts'

/** What is known of a table after it was compared. */
export interface Look {
  readonly sides: Sides
  readonly sourceRows: number
  readonly lakeRows: number
  readonly found: Unexplained
}

const NOTHING: Unexplained = {
  ...{ differences: [], different: 0, quarantinedKeys: [], heldBackKeys: [], unplaced: 0 },
}

/** Compares the selected rows, and finds what changes in quarantine explain. */
export async function look(deps: ProveDeps, table: Table, sides: Sides, selection: Selection): Promise<Look> {
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
export async function lookAgain(deps: ProveDeps, table: Table, before: Look): Promise<Look> {
  const { differences, different, quarantinedKeys: explained, heldBackKeys } = before.found
  const keys = new Set(differences.map(({ key }) => key))
  const now = await look(deps, table, await openSides(deps, table), { kind: 'keys', keys })
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

/** Looks again at what differs until nothing does, patience is at its end, or waiting is said not to help. */
export async function lookUntilEqual(
  deps: ProveDeps,
  table: Table,
  first: Look,
  {
    selection,
    patience,
    isVain = async () => false,
  }: {
    readonly selection: Selection
    readonly patience: Patience | undefined
    readonly isVain?: (now: Look) => Promise<boolean>
  },
): Promise<Look> {
  let now = first
  while (now.found.different > 0 && patience !== undefined) {
    if ((await isVain(now)) || !(await waited(deps, patience))) return now
    deps.signal.throwIfAborted()
    now = await lookAtRest(deps, table, now, selection)
  }
  return now
}

/** Compares once more what differs, or everything where not all of that is listed. */
export async function lookAtRest(
  deps: ProveDeps,
  table: Table,
  before: Look,
  selection: Selection,
): Promise<Look> {
  const { different, differences } = before.found
  return different === differences.length
    ? lookAgain(deps, table, before)
    : look(deps, table, await openSides(deps, table), selection)
}

function waited({ aside, steps }: ProveDeps, patience: Patience): Promise<boolean> {
  return steps.run('the lake was waited for', () => aside(() => patience.again()))
}
