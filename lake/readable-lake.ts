import type { TableVersion } from '../core/contract/language/table-version.ts'
import type { CatalogEntry } from '../core/ports/catalog-entry.ts'
import type { Position } from '../core/position.ts'

/** A table of the lake as an engine on local files can read it. */
export interface OpenedTable {
  readonly entry: CatalogEntry
  /** Folder that has, below their keys, the files which readers of the entry need. */
  readonly root: string
}

/**
 * Tables of the lake for one who compares. The files of an answer stay until the next `open`; another `open` shows what
 * has come since, and never less.
 */
export interface ReadableLake {
  /**
   * The table as it is now, of which the state at `asOf` can be read. Throws `lake/unreadable` for one that is not there,
   * and the signal's reason when that ends a copy.
   */
  open(table: TableVersion, asOf: Position, signal?: AbortSignal): Promise<OpenedTable>
}
