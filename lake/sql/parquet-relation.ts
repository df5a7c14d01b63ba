import type { LakeColumn } from '../../core/contract/language/lake-columns.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import { duckdbType } from './duckdb-type.ts'
import { identifier, literal } from './sql-text.ts'

type TypedName = Pick<LakeColumn, 'name' | 'type'>

/** A column that the path of a file says: of `…/name=value/…`. */
export interface FolderColumn {
  readonly name: string
  readonly type: 'VARCHAR' | 'DATE'
}

/**
 * SELECT of the system columns, the folder columns and others of Parquet files, DuckDB dialect. `paths` are globs or files, already as DuckDB takes them. A
 * column that a file does not have is null. No file is opened before it is read, and conditions on folder columns and
 * on the path leave out files by their name. Without paths an empty relation of the same columns.
 */
export function parquetRelation(
  paths: readonly string[],
  others: readonly TypedName[],
  folders: readonly FolderColumn[],
  where?: (path: string) => string,
): string {
  if (paths.length === 0) {
    const empty = ({ name, type }: TypedName) => `NULL::${duckdbType(type)} AS ${identifier(name)}`
    const inPath = folders.map(({ name, type }) => `NULL::${type} AS ${identifier(name)}`)
    return `SELECT ${[...systemColumns.map(empty), ...inPath, ...others.map(empty)].join(', ')} WHERE false`
  }
  const schema = [...systemColumns, ...others].map(
    ({ name, type }) =>
      `${literal(name)}: {name: ${literal(name)}, type: ${literal(duckdbType(type))}, default_value: NULL}`,
  )
  /* DuckDB leaves out files only by its own column; a table that has one of that name reads all of them. */
  const isTaken = others.some(({ name }) => name === 'filename')
  const path = isTaken ? '_file' : 'filename'
  const outputs = [
    ...systemColumns.map(({ name }) => identifier(name)),
    ...folders.map((folder) => `${folderValue(folder, path)} AS ${identifier(folder.name)}`),
    ...others.map(({ name }) => identifier(name)),
  ]
  const condition = where === undefined ? '' : `\n    WHERE ${where(path)}`
  return `SELECT ${outputs.join(', ')}
    FROM read_parquet([${paths.map(literal).join(', ')}], schema = MAP {${schema.join(', ')}}, filename = ${isTaken ? `'_file'` : 'true'})${condition}`
}

function folderValue({ name, type }: FolderColumn, path: string): string {
  const text = `regexp_extract(${path}, ${literal(`[/\\\\]${name}=([^/\\\\]*)[/\\\\]`)}, 1)`
  return type === 'VARCHAR' ? text : `TRY_CAST(${text} AS ${type})`
}
