import type { Dialect } from '../dialect.ts'

/**
 * Changes of a key, one after the other, behind which a value is still found. Trino's recursive CTEs are not in
 * Athena's documentation, so the walk is over a map of all of them, and it has an end.
 */
const MAX_MOVES = 16

/** Athena engine version 3, which is Trino's SQL. */
export const athenaDialect: Dialect = {
  name: 'athena',
  with: 'WITH',
  storesCtes: false,
  cte: (name, body) => `${name} AS (${body})`,
  view: (name, body) => `${name} AS (${body})`,
  few: (relation, columns) => `SELECT ${columns.join(', ')} FROM ${relation}`,
  contains: (list, text) => `contains(${list}, ${text})`,
  size: (list) => `coalesce(cardinality(${list}), 0)`,
  texts: (list) => `coalesce(${list}, CAST(ARRAY[] AS array(varchar)))`,
  common: (list) =>
    `reduce(array_agg(${list}), element_at(array_agg(${list}), 1), (a, b) -> array_intersect(a, b), a -> a)`,
  /* Trino's max_by gives a null of the winning row; DuckDB's arg_max would pass it over. */
  valueOfHighest: (value, by, filter) => `max_by(${value}, ${by}) FILTER (WHERE ${filter})`,
  text: (value, type) => (type.kind === 'binary' ? `to_hex(${value})` : `CAST(${value} AS varchar)`),
  day: (value, type) =>
    type.kind === 'date' ? `CAST(${value} AS varchar)` : `CAST(CAST(${value} AS date) AS varchar)`,
  walk: (name, columns, seed, links) => `${name} AS (
  SELECT ${columns.map((column) => `s.${column}`).join(', ')}, u._id
  FROM (SELECT ${columns.join(', ')}, _id AS _start FROM ${seed}) s
  CROSS JOIN (SELECT map_agg(_from, _to) AS _links FROM ${links}) m
  CROSS JOIN UNNEST(reduce(sequence(1, ${MAX_MOVES}), ARRAY[s._start],
    (way, step) -> if(element_at(m._links, element_at(way, -1)) IS NULL, way,
      way || element_at(m._links, element_at(way, -1))),
    way -> way)) AS u (_id)
)`,
}
