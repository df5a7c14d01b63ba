import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { Position } from '../../../core/position.ts'
import { baseSelect, tombstonesSelect } from '../../../lake/sql/base-select.ts'
import { currentSelect, incompleteSelect } from '../../../lake/sql/current-select.ts'
import { freshSelect, historySelect } from '../../../lake/sql/history-select.ts'

/** SELECT of a table's rows as of a position, with `_position` and `_absent`, as readers have them: base and what is fresh. */
export function lakeRows(entry: CatalogEntry, root: string, asOf: Position): string {
  const options = { asOf, system: ['_position', '_absent'], withPartitions: false }
  return currentSelect(entry, sourcesOf(entry, root), options)
}

/** SELECT of the keys that readers are not shown as of a position, for nothing in the lake has all of their row. */
export function heldBackRows(entry: CatalogEntry, root: string, asOf: Position): string {
  return incompleteSelect(entry, sourcesOf(entry, root), { asOf })
}

function sourcesOf(entry: CatalogEntry, root: string) {
  return {
    history: `(${historySelect(entry, root)})`,
    fresh: `(${freshSelect(entry, root)})`,
    base: `(${baseSelect(entry, root)})`,
    tombstones: `(${tombstonesSelect(entry, root)})`,
  }
}

/** SELECT of every change of a table, with all system columns. */
export function lakeHistory(entry: CatalogEntry, root: string): string {
  return historySelect(entry, root)
}
