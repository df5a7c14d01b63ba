import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'

/**
 * The ingest day that a file goes to: its own, or the first that is still open. Days before it are folded into base as a
 * whole, and no reader of current looks there for what came later.
 */
export function firstWritableDate({ base }: Pick<CatalogEntry, 'base'>, day: string): string {
  return base !== null && base.openSince > day ? base.openSince : day
}
