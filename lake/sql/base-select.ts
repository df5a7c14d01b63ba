import type { CatalogEntry, LakeFile } from '../../core/ports/catalog-entry.ts'
import { parquetRelation } from './parquet-relation.ts'
import { globPath } from './sql-text.ts'

/**
 * SELECT of the rows of base, DuckDB dialect, from the files below `root`: system columns, those of the contract, and
 * the partition columns as text. Empty for an entry without base.
 */
export function baseSelect({ table, base }: CatalogEntry, root: string): string {
  const files = base?.parts.flatMap((part) => part.files) ?? []
  const folders = table.basePartitions.map(({ name }) => ({ name, type: 'VARCHAR' }) as const)
  return parquetRelation(paths(files, root), table.columns, folders)
}

/** SELECT of the deleted keys of base: system columns and those of the key. */
export function tombstonesSelect({ table, base }: CatalogEntry, root: string): string {
  const keys = table.columns.filter(({ contractColumn }) => table.primaryKey.includes(contractColumn))
  return parquetRelation(paths(base?.tombstones ?? [], root), keys, [])
}

function paths(files: readonly LakeFile[], root: string): readonly string[] {
  return files.map(({ key }) => `${globPath(root)}/${key}`)
}
