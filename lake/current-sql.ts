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
  const key = columnList(primaryKey)
  const healable = columns.filter(({ name }) => !primaryKey.includes(name))
  const outputs = columns.map(({ name, contractColumn }) =>
    primaryKey.includes(contractColumn) ? `l.${identifier(name)}` : healedColumn(name, contractColumn),
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
${chainCtes(primaryKey)},
healed AS (
  SELECT ${primaryKey.map((name) => `c.winner_${name} AS ${identifier(name)}`).join(', ')}${healable.map(healingAggregate).join('')}
  FROM chain c JOIN lives r ON ${primaryKey.map((name) => `r.${identifier(name)} = c.${identifier(name)}`).join(' AND ')}
    AND r._life IS NOT DISTINCT FROM c._life AND r._op <> 'delete'
  GROUP BY ALL
)
SELECT ${[...outputs, ...system].join(',\n  ')}
FROM latest l ${healable.length > 0 ? `LEFT JOIN healed h ON ${primaryKey.map((name) => `h.${identifier(name)} = l.${identifier(name)}`).join(' AND ')} AND len(l._absent) > 0` : ''}
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
 * in the life of the old key, and so on.
 */
function chainCtes(primaryKey: readonly string[]): string {
  const key = columnList(primaryKey)
  const match = (left: string, right: string) =>
    primaryKey.map((name) => `${left}.${identifier(name)} = ${right}.${identifier(name)}`).join(' AND ')
  const starts = `max(CASE WHEN _op IN ('insert', 'load', 'delete') THEN _position END)`
  const window = `PARTITION BY ${key} ORDER BY _position, _revision`
  return `halves AS (
  SELECT ${key}, _position FROM changes
  WHERE _op = 'delete' AND EXISTS (SELECT 1 FROM gaps)
    AND _position IN (SELECT left(_position, 31) || '0' FROM changes WHERE right(_position, 1) = '1')
),
lives AS (
  SELECT *,
    ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
    ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
  FROM changes WHERE (${key}) IN (SELECT (${key}) FROM gaps UNION ALL SELECT (${key}) FROM halves)
),
moves AS (
  SELECT DISTINCT ${primaryKey.map((name) => `n.${identifier(name)} AS new_${name}, o.${identifier(name)} AS old_${name}`).join(', ')},
    n._position AS new_position, o._life_before AS old_life
  FROM lives n JOIN lives o ON right(n._position, 1) = '1' AND o._op = 'delete'
    AND o._position = left(n._position, 31) || '0'
),
chain AS (
  SELECT DISTINCT ${primaryKey.map((name) => `g.${identifier(name)} AS winner_${name}`).join(', ')}, ${columnList(primaryKey, 'g')}, r._life
  FROM gaps g JOIN lives r ON ${match('r', 'g')} AND r._position = g._position
  UNION
  SELECT ${primaryKey.map((name) => `c.winner_${name}`).join(', ')}, ${primaryKey.map((name) => `m.old_${name}`).join(', ')}, m.old_life
  FROM chain c JOIN moves m ON ${primaryKey.map((name) => `m.new_${name} = c.${identifier(name)}`).join(' AND ')}
    AND m.new_position = c._life
)`
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
    arg_max_null(r.${column}, r._position || lpad(r._revision::VARCHAR, 10, '0'))
      FILTER (NOT list_contains(coalesce(r._absent, []), ${literal(contractColumn)})) AS ${column}`
}

function healedColumn(name: string, contractColumn: string): string {
  const column = identifier(name)
  return `CASE WHEN list_contains(l._absent, ${literal(contractColumn)}) THEN h.${column} ELSE l.${column} END AS ${column}`
}
