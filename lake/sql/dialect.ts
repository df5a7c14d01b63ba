import type { ColumnType } from '../../core/contract/value/type.ts'

/** What DuckDB and Athena (Trino) write differently. Everything else of the lake's SQL is one text for both. */
export interface Dialect {
  readonly name: 'duckdb' | 'athena'
  /** First words of a query with CTEs. */
  readonly with: string
  /** Whether a CTE is computed once, and may be recursive; else it is repeated wherever it is named. */
  readonly storesCtes: boolean
  /** A CTE, computed once where the engine can. */
  cte(name: string, body: string): string
  /** A CTE that is only a name for a query: conditions reach into it wherever it is used. */
  view(name: string, body: string): string
  /** Query of quoted columns of a relation that has few rows, which the engine would not expect of it. */
  few(relation: string, columns: readonly string[]): string
  /** Whether a list holds a text. */
  contains(list: string, text: string): string
  /** Number of elements of a list; none of null. */
  size(list: string): string
  /** The list of texts; an empty one for null. */
  texts(list: string): string
  /** Aggregate: the texts that every list of the group holds. */
  common(list: string): string
  /** Aggregate: the value of the row of the highest `by` among those of `filter`, also when that value is null. */
  valueOfHighest(value: string, by: string, filter: string): string
  /** Text of a value, another one for another value. */
  text(value: string, type: ColumnType): string
  /** The UTC day of a date or timestamp, `2026-03-02`. */
  day(value: string, type: ColumnType): string
  /**
   * CTE of `columns` and `_id`: the rows of `seed`, which has them, and for each the ids that `links` (`_from`, `_to`)
   * leads to, one after the other.
   */
  walk(name: string, columns: readonly string[], seed: string, links: string): string
}
