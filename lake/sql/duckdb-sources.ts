import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { baseSelect, tombstonesSelect } from './base-select.ts'
import type { CurrentSources } from './current-select.ts'
import { freshSelect, historySelect } from './history-select.ts'

/**
 * What current is made of, DuckDB dialect, from the files below `root`: with the marks of refused changes. `files` names those of
 * history; without it they are whatever lies there when a query runs.
 */
export function duckdbSources(
  entry: CatalogEntry,
  root: string,
  files?: readonly string[],
): Required<CurrentSources> {
  return {
    history: `(${historySelect(entry, root, files)})`,
    fresh: `(${freshSelect(entry, root, files)})`,
    base: `(${baseSelect(entry, root)})`,
    tombstones: `(${tombstonesSelect(entry, root)})`,
  }
}
