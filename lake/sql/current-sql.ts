import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { type CurrentOptions, currentSelect as select } from './current-select.ts'

/** SELECT of the current rows of a table, DuckDB dialect, over a relation that holds all its history. */
export function currentSelect(entry: CatalogEntry, history: string, options: CurrentOptions = {}): string {
  return select({ ...entry, base: null }, { history }, options)
}
