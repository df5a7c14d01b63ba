import type { CatalogEntry } from '../core/ports.ts'
import { isPosition, type Position } from '../core/position.ts'
import { columnList, identifier, literal } from './sql-text.ts'

/** The columns of current beside the contract's: where and when its row was last changed, and what no contract knows. */
export const currentSystemColumns = ['_position', '_committed_at', '_extra'] as const

export interface CurrentOptions {
  /** The state at this position instead of the newest. */
  readonly asOf?: Position
  readonly system?: readonly string[]
}

/**
 * SELECT of the current rows of a table, DuckDB dialect, over a relation `history` that holds its history files:
 * for each key the row of the highest (position, revision) at or above the floor; deleted keys gone; columns an
 * update did not send (`_absent`) taken from the last row that had them, also across a change of the key.
 */
export function currentSelect(
  entry: CatalogEntry,
  history: string,
  { asOf, system: systemColumns = currentSystemColumns }: CurrentOptions = {},
): string {
  const { primaryKey, columns } = entry.table
  const isKey = ({ contractColumn }: { readonly contractColumn: string }) =>
    primaryKey.includes(contractColumn)
  /* Of a `timestampMicros` key both lake columns: its milliseconds alone would merge rows. */
  const keys = columns.filter(isKey).map(({ name }) => name)
  const key = columnList(keys)
  const healable = columns.filter((column) => !isKey(column))
  const outputs = columns.map((column) =>
    isKey(column) ? `l.${identifier(column.name)}` : healedColumn(column.name, column.contractColumn),
  )
  const system = systemColumns.map((name) => `l.${identifier(name)}`)
  return `
WITH RECURSIVE
-- Changes that count: above the floor, up to the position asked for.
changes AS (SELECT * FROM ${history} WHERE ${counted(entry, asOf)}),
-- For each key the change of the highest position; a replay's revision supersedes the first reading.
latest AS (
  SELECT * FROM changes
  QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY _position DESC, _revision DESC) = 1
),
-- Rows that live and lack columns.
gaps AS (SELECT ${key}, _position FROM latest WHERE _op <> 'delete' AND len(_absent) > 0),
${chainCtes(keys)},
healed AS (
  SELECT ${keys.map((name) => `c._winner_${name} AS ${identifier(name)}`).join(', ')}${healable.map(healingAggregate).join('')}
  FROM chain c JOIN lives r ON ${equal(keys, 'r', 'c')} AND r._life IS NOT DISTINCT FROM c._life AND r._op <> 'delete'
  GROUP BY ALL
)
SELECT ${[...outputs, ...system].join(',\n  ')}
FROM latest l ${healable.length > 0 ? `LEFT JOIN healed h ON ${equal(keys, 'h', 'l')} AND len(l._absent) > 0` : ''}
WHERE l._op <> 'delete'`
}

function counted({ floors }: CatalogEntry, asOf: Position | undefined): string {
  if (asOf !== undefined && !isPosition(asOf)) throw new RangeError('asOf is not a position')
  const floor = floors.filter(({ position }) => asOf === undefined || position <= asOf).at(-1)
  return [
    `_op <> 'truncate'`,
    ...(floor === undefined ? [] : [`_position >= ${literal(floor.position)}`]),
    ...(asOf === undefined ? [] : [`_position <= ${literal(asOf)}`]),
  ].join(' AND ')
}

/*
 * A life of a key starts with an insert, a load or a delete. The missing value is in the same life; if that began with
 * a change of the key (its position ends in 1, the delete of the old key is the same position ending in 0), it may be
 * in the life of the old key, and so on. Of each change only the last reading counts: an earlier one was made by an
 * older contract, and a column which that did not know looks like a null there.
 */
function chainCtes(keys: readonly string[]): string {
  const key = columnList(keys)
  const starts = `max(CASE WHEN _op IN ('insert', 'load', 'delete') THEN _position END)`
  const window = `PARTITION BY ${key} ORDER BY _position`
  return `halves AS (
  SELECT ${key}, _position FROM changes
  WHERE _op = 'delete' AND EXISTS (SELECT 1 FROM gaps)
    AND _position IN (SELECT left(_position, 31) || '0' FROM changes WHERE right(_position, 1) = '1')
),
readings AS (
  SELECT * FROM changes WHERE (${key}) IN (SELECT (${key}) FROM gaps UNION ALL SELECT (${key}) FROM halves)
  QUALIFY row_number() OVER (PARTITION BY ${key}, _position ORDER BY _revision DESC) = 1
),
lives AS (
  SELECT *,
    ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
    ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
  FROM readings
),
moves AS (
  SELECT ${keys.map((name) => `n.${identifier(name)} AS _new_${name}, o.${identifier(name)} AS _old_${name}`).join(', ')},
    n._position AS _moved_at, o._life_before AS _left_life
  FROM lives n JOIN lives o ON right(n._position, 1) = '1' AND o._op = 'delete'
    AND o._position = left(n._position, 31) || '0'
),
chain AS (
  SELECT ${keys.map((name) => `g.${identifier(name)} AS _winner_${name}`).join(', ')}, ${columnList(keys, 'g')}, r._life
  FROM gaps g JOIN lives r ON ${equal(keys, 'r', 'g')} AND r._position = g._position
  UNION
  SELECT ${keys.map((name) => `c._winner_${name}`).join(', ')}, ${keys.map((name) => `m._old_${name}`).join(', ')}, m._left_life
  FROM chain c JOIN moves m ON ${keys.map((name) => `m._new_${name} = c.${identifier(name)}`).join(' AND ')}
    AND m._moved_at = c._life
)`
}

function equal(keys: readonly string[], left: string, right: string): string {
  return keys.map((name) => `${left}.${identifier(name)} = ${right}.${identifier(name)}`).join(' AND ')
}

function healingAggregate({
  name,
  contractColumn,
}: {
  readonly name: string
  readonly contractColumn: string
}): string {
  const column = identifier(name)
  return `,
    arg_max_null(r.${column}, r._position)
      FILTER (NOT list_contains(coalesce(r._absent, []), ${literal(contractColumn)})) AS ${column}`
}

function healedColumn(name: string, contractColumn: string): string {
  const column = identifier(name)
  return `CASE WHEN list_contains(l._absent, ${literal(contractColumn)}) THEN h.${column} ELSE l.${column} END AS ${column}`
}
