import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { SqlEngine } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import { tombstonesSelect } from '../../../lake/sql/base-select.ts'
import { currentSelect } from '../../../lake/sql/current-select.ts'
import { duckdbSources } from '../../../lake/sql/duckdb-sources.ts'
import { historySelect } from '../../../lake/sql/history-select.ts'
import { plannedCurrent } from '../../../lake/sql/planned-current.ts'

/** SELECT of a table's rows as of a position, with `_position`, as readers have them: base and what is fresh. */
export function lakeRows(
  engine: Pick<SqlEngine, 'rows'>,
  entry: CatalogEntry,
  root: string,
  asOf: Position,
): Promise<string> {
  /* Over many rows the short query takes about half of the processor time, whatever their columns. */
  const options = { asOf, system: ['_position'], withPartitions: false }
  return plannedCurrent((sql) => engine.rows(sql), entry, root, options)
}

/**
 * SELECT of the last change of every key as of a position, with `_op` and `_position`: of deleted keys too, and of those that
 * readers are not shown because nothing in the lake has all of their row, which `_lacking` tells.
 */
export function lakeState(entry: CatalogEntry, root: string, asOf: Position): string {
  return currentSelect(entry, duckdbSources(entry, root), {
    asOf,
    withDeleted: true,
    withIncomplete: true,
    system: ['_position'],
    withPartitions: false,
  })
}

/** SELECT of what base keeps of keys that it has no row of. */
export function lakeTombstones(entry: CatalogEntry, root: string): string {
  return tombstonesSelect(entry, root)
}

/** SELECT of every change of a table, with all system columns. */
export function lakeHistory(entry: CatalogEntry, root: string): string {
  return historySelect(entry, root)
}
