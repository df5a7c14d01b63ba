import type { Table } from '../../core/contract/language/table.ts'
import { isSameVersion } from '../../core/contract/language/table-version.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'

/**
 * Whether rows in the lake are, or may be, hashed or tokenised with the key of their folder. What no contract of `tables`
 * describes may be.
 */
export function hasMaskedRows(entries: readonly CatalogEntry[], tables: readonly Table[]): boolean {
  return entries.some(({ table, partitions, base }) => {
    if (partitions.length === 0 && base === null) return false
    const contract = tables.find((known) => isSameVersion(known, table))
    return contract === undefined || usesKey(contract)
  })
}

function usesKey({ columns }: Table): boolean {
  return Object.values(columns).some(
    ({ pii, treatment }) => pii !== undefined && (treatment === 'hash' || treatment === 'tokenise'),
  )
}
