import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { BasePartition, CatalogColumn, CatalogTable } from '../../core/ports/catalog-entry.ts'
import type { Dialect } from './dialect.ts'
import { identifier } from './sql-text.ts'

/** Condition on lake rows: changes, and not the marks of refused ones. */
export function isChange(alias = ''): string {
  return `${alias}_op <> 'refused'`
}

/** A table's columns as the SQL of the lake needs them. */
export interface TableShape {
  /** Quoted. Of a `timestampMicros` key both lake columns: its milliseconds alone would merge rows. */
  readonly keys: readonly string[]
  /** Names of the keys that have two zeros. */
  readonly signed: ReadonlySet<string>
  /** SQL of what rows of one key have in common, for windows over them: see `groupOf`. */
  groups(alias?: string): string
  /** Condition of rows of one key in a join whose rows are shown: DuckDB may show the key of either side of `a.x = b.x`. */
  same(left: string, right: string): string
  /** Quoted: system columns and all of the contract. */
  readonly all: readonly string[]
  /** Columns that an update may leave out. */
  readonly healable: readonly CatalogColumn[]
  readonly columns: readonly CatalogColumn[]
}

export function tableShape({ primaryKey, columns }: CatalogTable): TableShape {
  const isKey = ({ contractColumn }: CatalogColumn) => primaryKey.includes(contractColumn)
  return {
    keys: columns.filter(isKey).map(({ name }) => identifier(name)),
    all: [...systemColumns, ...columns].map(({ name }) => identifier(name)),
    healable: columns.filter((column) => !isKey(column)),
    signed: new Set(columns.filter((column) => isKey(column) && isFloat(column)).map(({ name }) => name)),
    groups: (alias) => listOf(columns.filter(isKey).map((column) => groupOf(column, alias))),
    same: (left, right) =>
      columns
        .filter(isKey)
        .map((column) => `${groupOf(column, left)} = ${groupOf(column, right)}`)
        .join(' AND '),
    columns,
  }
}

/**
 * SQL of a key column behind PARTITION BY or ORDER BY: 0 and -0 are one key. As an expression it leaves the column alone;
 * given the column itself, DuckDB's windows and sorts make one zero of both in the rows that they give back.
 */
export function groupOf({ name, type }: Pick<CatalogColumn, 'name' | 'type'>, alias?: string): string {
  const column = listOf([identifier(name)], alias)
  return isFloat({ type }) ? `(CASE WHEN ${column} = 0 THEN 0 ELSE ${column} END)` : column
}

function isFloat({ type }: Pick<CatalogColumn, 'type'>): boolean {
  return type.kind === 'double' || type.kind === 'real'
}

/** `a."x", a."y"`. */
export function listOf(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias === undefined ? name : `${alias}.${name}`)).join(', ')
}

/** Two relations on the same keys. Keys are never null. */
export function sameKeys(keys: readonly string[], left: string, right: string): string {
  return keys.map((name) => `${left}.${name} = ${right}.${name}`).join(' AND ')
}

/** The day and month columns of base that current has too: name, and its text made of a row's column behind `alias`. */
export function derivedPartitions(
  { basePartitions, columns }: CatalogTable,
  dialect: Dialect,
  value: (column: string) => string,
): readonly { readonly name: string; readonly sql: string }[] {
  const names = new Set(columns.map(({ name }) => name))
  return basePartitions.flatMap(({ name, column, rule }) => {
    const type = columns.find((one) => one.name === column)?.type
    if (typeof rule !== 'string' || type === undefined || names.has(name)) return []
    const day = dialect.day(value(column), type)
    return [{ name, sql: rule === 'day' ? day : `substr(${day}, 1, 7)` }]
  })
}

/** The partition of rows whose partition column is not known: a text that its readers take as they take the others. */
export function waitingPlace({ rule }: BasePartition): string {
  if (typeof rule !== 'string') return '0'
  return rule === 'day' ? '0001-01-01' : '0001-01'
}

/** One text for a key and a life of it: two different ones never make the same text. */
export function lifeId(dialect: Dialect, { keys, columns }: TableShape, life: string): string {
  const parts = columns.flatMap(({ name, type }) => {
    const key = identifier(name)
    const text = dialect.text(groupOf({ name, type }), type)
    return keys.includes(key) ? [`CAST(length(${text}) AS varchar) || ':' || ${text}`] : []
  })
  return [...parts, `coalesce(${life}, '')`].join(' || ')
}
