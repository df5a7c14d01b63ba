import { systemColumns } from '../../../core/contract/language/lake-row.ts'
import type { CatalogEntry, CatalogTable } from '../../../core/ports/catalog-entry.ts'
import { currentSelect } from '../../sql/current-select.ts'
import { columnList, identifier } from '../../sql/sql-text.ts'
import { tableShape } from '../../sql/table-shape.ts'
import { keyColumns, rowColumns } from './lake-rows-sql.ts'

/**
 * SELECT of the live rows of a relation of lake rows, absent columns healed: base rows, whose `_absent` is null, or names
 * what no row has. The slow, exact way: for keys whose rows have gaps, or are older than what was folded before.
 */
export function healedRows(entry: CatalogEntry, relation: string): string {
  const system = systemColumns.flatMap(({ name }) => (name === '_absent' ? [] : [name]))
  /* As if there were no base: its rows are in the relation where they count. */
  const sources = { history: relation }
  const options = { system, withPartitions: false, withIncomplete: true }
  const rows = currentSelect({ ...entry, base: null }, sources, options)
  return `SELECT ${columnList(rowColumns(entry.table))} FROM (SELECT *, _lacking::VARCHAR[] AS _absent FROM (${rows}))`
}

/** SELECT of the live rows of a relation that has no gaps: of each key the row of the highest position and revision. */
export function plainRows(table: CatalogTable, relation: string): string {
  const columns = rowColumns(table).map((name) =>
    name === '_absent' ? `NULL::VARCHAR[] AS _absent` : identifier(name),
  )
  return `SELECT ${columns.join(', ')} FROM (SELECT * FROM ${relation} ${latestOfKey(table)}) WHERE _op <> 'delete'`
}

/** QUALIFY that keeps the last reading of the last change of each key. */
export function latestOfKey(table: CatalogTable): string {
  return `QUALIFY row_number() OVER (PARTITION BY ${tableShape(table).groups()}
    ORDER BY _position DESC, _revision DESC) = 1`
}

/**
 * SELECT of the keys of `seeds` and of all that are tied to them by changes of the key in `relation`, in either
 * direction and over any number of steps: what one of them was may show in each of the others.
 */
export function tiedKeys(table: CatalogTable, seeds: string, relation: string): string {
  const names = keyColumns(table)
  const keys = columnList(names)
  const onward = names.map((name) => `t._to_${name} AS ${identifier(name)}`).join(', ')
  const same = names.map((name) => `t._from_${name} = c.${identifier(name)}`).join(' AND ')
  return `WITH RECURSIVE
    olds AS (SELECT ${keys}, _position FROM ${relation} WHERE _op = 'delete' AND right(_position, 1) = '0'),
    news AS (SELECT ${keys}, _position FROM ${relation} WHERE right(_position, 1) = '1'),
    moves AS MATERIALIZED (SELECT ${columnList(names, 'o')}, ${names.map((name) => `n.${identifier(name)} AS _new_${name}`).join(', ')}
      FROM news n JOIN olds o ON o._position = left(n._position, 31) || '0'),
    ties AS MATERIALIZED (
      SELECT ${names.map((name) => `${identifier(name)} AS _from_${name}, _new_${name} AS _to_${name}`).join(', ')} FROM moves
      UNION SELECT ${names.map((name) => `_new_${name} AS _from_${name}, ${identifier(name)} AS _to_${name}`).join(', ')} FROM moves),
    tied AS (SELECT ${keys} FROM ${seeds} UNION SELECT ${onward} FROM tied c JOIN ties t ON ${same})
  SELECT ${keys} FROM tied`
}
