import type { Dialect } from './dialect.ts'

/** DuckDB's SQL, in a session whose time zone is UTC. */
export const duckdbDialect: Dialect = {
  name: 'duckdb',
  with: 'WITH RECURSIVE',
  storesCtes: true,
  cte: (name, body) => `${name} AS MATERIALIZED (${body})`,
  view: (name, body) => `${name} AS NOT MATERIALIZED (${body})`,
  few,
  contains: (list, text) => `list_contains(${list}, ${text})`,
  size: (list) => `coalesce(len(${list}), 0)`,
  texts: (list) => `coalesce(${list}, []::VARCHAR[])`,
  common: (list) => `list_reduce(list(${list}), lambda a, b: list_intersect(a, b))`,
  /* No FILTER: each one has buffers for all columns of the group, so that many of them are quadratic. A null is passed over. */
  valueOfHighest: (value, by, filter) => `arg_max_null(${value}, CASE WHEN ${filter} THEN ${by} END)`,
  text: (value) => `CAST(${value} AS VARCHAR)`,
  day: (value, type) =>
    type.kind === 'date'
      ? `CAST(${value} AS VARCHAR)`
      : `CAST(CAST(${value} AT TIME ZONE 'UTC' AS DATE) AS VARCHAR)`,
  walk: (name, columns, seed, links) => `${name}_way AS (
  SELECT ${columns.join(', ')}, _id FROM ${seed}
  UNION
  SELECT ${columns.map((column) => `c.${column}`).join(', ')}, m._to FROM ${name}_way c JOIN ${links} m ON m._from = c._id
),
${name} AS MATERIALIZED (${few(`${name}_way`, [...columns, '_id'])})`,
}

/*
 * DuckDB expects millions of rows of a recursive CTE, and would make history, or the whole table, the side of a join that
 * is held in memory; of an unnested list it expects one.
 */
function few(relation: string, columns: readonly string[]): string {
  const packed = columns.map((column) => `${column} := ${column}`).join(', ')
  return `SELECT ${columns.map((column) => `_one.${column}`).join(', ')} FROM (
    SELECT unnest(list(struct_pack(${packed}))) AS _one FROM ${relation}
  ) f`
}
