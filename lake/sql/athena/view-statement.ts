import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { currentSelect } from '../current-select.ts'
import { athenaDialect } from './athena-dialect.ts'
import { athenaSources, athenaTables } from './athena-sources.ts'

/**
 * Athena's statement that publishes current: readers see the old view or the new one. `root` is where `lake/` lies,
 * such as `s3://bucket`.
 */
export function viewStatement(entry: CatalogEntry, root: string): string {
  const select = currentSelect(entry, athenaSources(entry, root), { dialect: athenaDialect })
  return `CREATE OR REPLACE VIEW ${athenaTables(entry.table).view} AS\n${select}`
}
