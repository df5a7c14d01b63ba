import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { baseSelect, tombstonesSelect } from './base-select.ts'
import type { CurrentSources } from './current-select.ts'
import { freshSelect, historySelect } from './history-select.ts'

/**
 * What current is made of, DuckDB dialect, from the files below `root`: with the marks of refused changes. `fresh` names the
 * files that are not folded into base; without it they are whatever lies there when a query runs.
 */
export function duckdbSources(
  entry: CatalogEntry,
  root: string,
  fresh?: readonly string[],
): Required<CurrentSources> {
  return {
    history: `(${historySelect(entry, root)})`,
    fresh: `(${freshSelect(entry, root, fresh)})`,
    base: `(${baseSelect(entry, root)})`,
    tombstones: `(${tombstonesSelect(entry, root)})`,
  }
}
