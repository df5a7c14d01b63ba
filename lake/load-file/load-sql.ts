import { heldType, lakeColumns } from '../../core/contract/language/lake-columns.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { Position } from '../../core/position.ts'
import { duckdbType } from '../sql/duckdb-type.ts'
import { globPath, identifier, literal } from '../sql/sql-text.ts'
import { lakeSql } from './canonical-sql.ts'
import { checkSql } from './check-sql.ts'
import { columnSql } from './column-sql.ts'
import { extraSql } from './extra-sql.ts'
import type { FileColumn } from './file-column.ts'
import { maskSql } from './mask-sql.ts'

/** What the rows of a load get beside their columns. */
export interface LoadPlace {
  readonly position: Position
  readonly revision: number
}

/** A contract as SQL over the columns of one load file. Contains the key of hashes: never logged. */
export interface LoadSql {
  /** History's columns, in its order and types: a SELECT list. */
  readonly columns: string
  /** True where `columns` is exactly what the row codec makes of the row; elsewhere false or null. */
  readonly certain: string
  /** Whether `certain` is false for every row there could be. */
  readonly isNever: boolean
}

/**
 * Compiles a contract to DuckDB SQL for files with these columns (D6). Rows that are certain have the values of the row
 * codec (G5); the others are its own to accept or to refuse. Throws RangeError for a mask key that is too short.
 */
export function loadSql(
  table: Table,
  key: MaskKey,
  file: readonly FileColumn[],
  { position, revision }: LoadPlace,
): LoadSql {
  const bySource = new Map(file.flatMap((column) => (column.isOwn ? [] : [[column.name, column] as const])))
  const columns = new Map(
    Object.entries(table.columns).map(([name, column]) => {
      const found = bySource.get(column.from ?? name)
      return [name, { column, isMissing: found === undefined, ...columnSql(column, found) }] as const
    }),
  )
  const known = new Set(Object.entries(table.columns).map(([name, { from }]) => from ?? name))
  const extra = extraSql(
    table.unknownFields,
    file.filter(({ name, isOwn }) => !isOwn && !known.has(name)),
  )
  const certain = [...extra.certain, ...(table.checks ?? []).map((check) => checkSql(check, columns))]
  for (const { certain: conditions } of columns.values()) certain.push(...conditions)

  const values = lakeColumns(table).map(({ name, type, contractColumn, part }) => {
    const { column, value } = columns.get(contractColumn) ?? { column: undefined, value: 'NULL' }
    const masked = column === undefined || value === 'NULL' ? value : maskSql(column, key, value)
    if (masked === undefined) {
      const isNull = `${value} IS NULL`
      if (!certain.includes(isNull)) certain.push(isNull)
    }
    const isMasked = column !== undefined && masked !== value
    const sql =
      masked === undefined || masked === 'NULL' || isMasked || column === undefined
        ? (masked ?? 'NULL')
        : lakeSql(heldType(column), part, masked)
    return `CAST(${sql} AS ${duckdbType(type)}) AS ${identifier(name)}`
  })
  const ofLoad = {
    _op: `'load'`,
    _position: literal(position),
    _revision: revision,
    _committed_at: 'NULL',
    _absent: 'NULL',
    _extra: extra.value,
  }
  const system = systemColumns.map(
    ({ name, type }) => `CAST(${ofLoad[name]} AS ${duckdbType(type)}) AS ${name}`,
  )
  return {
    columns: [...system, ...values].join(', '),
    certain: certain.length === 0 ? 'true' : certain.join(' AND '),
    isNever: certain.includes('false'),
  }
}

/** The rows of a load file, its columns named `c0`, `c1`, … in their order, whatever their names. */
export function fileRelation(path: string, columns: number): string {
  const refs = Array.from({ length: columns }, (_, index) => `c${index}`).join(', ')
  return `read_parquet(${literal(globPath(path))}, hive_partitioning = false) AS f(${refs})`
}
