import { systemColumns } from '../../../core/contract/language/lake-row.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import type { CatalogEntry, CatalogTable } from '../../../core/ports/catalog-entry.ts'
import type { Position } from '../../../core/position.ts'
import { duckdbType } from '../../sql/duckdb-type.ts'
import { columnList, globPath, identifier, literal } from '../../sql/sql-text.ts'

/** System columns of a tombstone, behind its key. */
export const tombstoneSystem = ['_op', '_position', '_revision', '_committed_at'] as const

/** The lake columns of the key: of a `timestampMicros` both. */
export function keyColumns({ primaryKey, columns }: CatalogTable): readonly string[] {
  return columns.filter(({ contractColumn }) => primaryKey.includes(contractColumn)).map(({ name }) => name)
}

/** Every column of a lake row, in the order of the files. */
export function rowColumns({ columns }: CatalogTable): readonly string[] {
  return [...systemColumns, ...columns].map(({ name }) => name)
}

/** Where DuckDB puts the path of the file that a row is from. */
export const fileColumn = '_file'

/**
 * SELECT of every row of some Parquet files of a table, with all columns in their types also where no file has them,
 * and `_file`, their path.
 */
export function rowsOfFiles(table: CatalogTable, paths: readonly string[]): string {
  const columns = [...systemColumns, ...table.columns].map(
    ({ name, type }) => `NULL::${duckdbType(type)} AS ${identifier(name)}`,
  )
  const empty = `SELECT ${columns.join(', ')}, NULL::VARCHAR AS ${fileColumn} WHERE false`
  if (paths.length === 0) return empty
  return `${empty} UNION ALL BY NAME SELECT * FROM read_parquet(${pathList(paths)}, union_by_name = true,
    hive_partitioning = false, filename = '${fileColumn}')`
}

export function pathList(paths: readonly string[]): string {
  return `[${paths.map((path) => literal(globPath(path))).join(', ')}]`
}

/** The floor that counts now. */
export function floorOf({ floors }: CatalogEntry): Position | null {
  return floors.at(-1)?.position ?? null
}

/** Condition of the history rows that count: published, of a row, not below the floor. */
export function countedRows(entry: CatalogEntry): string {
  const floor = floorOf(entry)
  return [
    `_op <> 'truncate'`,
    `_revision IN (${publishedRevisions(entry)})`,
    ...(floor === null ? [] : [`_position >= ${literal(floor)}`]),
  ].join(' AND ')
}

export function publishedRevisions({ revisions }: CatalogEntry): string {
  return [0, ...revisions].map(Number).join(', ')
}

/** Sum over rows of a hash of all their columns: the same rows have the same sum in any order. */
export function checksumSql(columns: readonly string[]): string {
  return `coalesce(sum(hash(${columnList(columns)})::HUGEINT), 0)::VARCHAR`
}

/** Options of a COPY besides: DuckDB's dictionaries make one zero of 0.0 and -0.0, which are two values. */
export function exactOptions({ columns }: CatalogTable): string {
  return columns.some(({ type }) => hasFloats(type)) ? ', DICTIONARY_SIZE_LIMIT 0' : ''
}

function hasFloats(type: ColumnType): boolean {
  if (type.kind === 'list') return hasFloats(type.of)
  if (type.kind === 'struct') return Object.values(type.fields).some(hasFloats)
  return type.kind === 'double' || type.kind === 'real'
}
