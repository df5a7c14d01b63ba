import type { CatalogColumn } from '../../core/catalog-entry.ts'
import { identifier, literal } from '../sql-text.ts'
import type { Dialect } from './dialect.ts'
import { lifeId, listOf, sameKeys, type TableShape } from './table-shape.ts'

export interface FoldInput {
  /** Begins the names of the CTEs. */
  readonly prefix: string
  /** Query of the winning row of each key, deletes among them. */
  readonly latest: string
  /**
   * Relation of every row that may hold a missing value: the system columns, those of the contract, and `_rank`. Of two
   * readings of one change the higher revision counts, then the higher rank; a row of rank 2 or 0 holds all its values.
   */
  readonly rows: string
  /** Query of keys without repeats: those whose winners lack something, and all that these may have had before. */
  readonly scope?: string
}

export interface Fold {
  readonly ctes: readonly string[]
  /** Stands after FROM: the winning rows as `l`, what heals them as `h`. */
  readonly from: string
  /** The whole value of a column of them. */
  value(column: CatalogColumn): string
}

/**
 * Fills what the winning rows lack (`_absent`). A life of a key starts with an insert, a load or a delete. The missing
 * value is in the same life; if that began with a change of the key (its position ends in 1, the delete of the old key
 * is the same position ending in 0), it may be in the life of the old key, and so on. Of each change only the last
 * reading counts: an earlier one was made by an older contract, and a column which that did not know looks like a null.
 * Where no winner lacks anything the rows are not read.
 */
export function fold(dialect: Dialect, shape: TableShape, { prefix, latest, rows, scope }: FoldInput): Fold {
  const { keys, all, healable } = shape
  const name = (part: string) => `${prefix}${part}`
  const key = listOf(keys)
  const starts = `max(CASE WHEN _op IN ('insert', 'load', 'delete') OR _rank <> 1 THEN _position END)`
  const window = `PARTITION BY ${key} ORDER BY _position`
  const winners = keys.map((_, index) => `_winner_${index}`)
  const scoped = scope === undefined ? '' : ` JOIN ${name('scope')} s ON ${sameKeys(keys, 's', 'r')}`
  const ctes = [
    dialect.cte(name('latest'), latest),
    ...(scope === undefined ? [] : [dialect.cte(name('scope'), scope)]),
    dialect.cte(
      name('lives'),
      `
  SELECT ${listOf(all)}, _life, _last, ${lifeId(dialect, shape, '_life')} AS _id, ${lifeId(dialect, shape, '_life_before')} AS _id_before
  FROM (
    SELECT ${listOf(all)}, _rank, max(_position) OVER (PARTITION BY ${key}) AS _last,
      ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT ${listOf(all, 'r')}, r._rank,
        row_number() OVER (PARTITION BY ${listOf(keys, 'r')}, r._position ORDER BY r._revision DESC, r._rank DESC) AS _nth
      FROM ${rows} r${scoped}
    ) n
    WHERE _nth = 1
  ) w
`,
    ),
    /* From a life that began with a change of the key to the life that this change left. */
    dialect.cte(
      name('moves'),
      `
  SELECT n._from, n._to FROM (
    SELECT _id AS _from, _op, _position, _life,
      lag(_id_before) OVER (PARTITION BY substr(_position, 1, 31) ORDER BY _position) AS _to
    FROM ${name('lives')}
    WHERE substr(_position, 32, 1) = '1' OR _op = 'delete'
  ) n
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
`,
    ),
    dialect.cte(
      name('seeds'),
      `
  SELECT ${keys.map((one, index) => `${one} AS ${winners[index]}`).join(', ')}, _id
  FROM ${name('lives')} WHERE _position = _last AND ${lacks(dialect)}
`,
    ),
    dialect.walk(name('chain'), winners, name('seeds'), name('moves')),
    dialect.cte(
      name('healed'),
      `
  SELECT ${keys.map((one, index) => `c.${winners[index]} AS ${one}`).join(', ')}${healable.map((column) => `,\n    ${healing(dialect, column)}`).join('')}
  FROM ${name('chain')} c JOIN ${name('lives')} r ON r._id = c._id AND r._op <> 'delete'
  GROUP BY ${listOf(winners, 'c')}
`,
    ),
  ]
  return {
    ctes: healable.length > 0 ? ctes : ctes.slice(0, 1),
    from:
      healable.length > 0
        ? `${name('latest')} l LEFT JOIN ${name('healed')} h ON ${sameKeys(keys, 'h', 'l')}`
        : `${name('latest')} l`,
    value(column) {
      const quoted = identifier(column.name)
      if (!healable.includes(column)) return `l.${quoted}`
      const isAbsent = dialect.contains('l._absent', literal(column.contractColumn))
      return `CASE WHEN ${isAbsent} THEN h.${quoted} ELSE l.${quoted} END`
    },
  }
}

/** Condition on rows that live and lack columns. */
export function lacks(dialect: Dialect): string {
  return `_op <> 'delete' AND ${dialect.hasElements('_absent')}`
}

/**
 * Query of the keys that rows of a relation have left in a change of the key. What is looked for comes from `gate`: where
 * that has no rows, the scan ends with its first rows, however rare they are that are looked for.
 */
export function movedKeys({ keys }: TableShape, changes: string, gate?: string): string {
  const looked =
    gate === undefined ? '' : ` CROSS JOIN (SELECT 'delete' AS _first, '1' AS _second FROM ${gate} LIMIT 1) g`
  const [first, second] = gate === undefined ? [`'delete'`, `'1'`] : ['g._first', 'g._second']
  return `SELECT ${listOf(keys)} FROM (
    SELECT ${listOf(keys, 'r')}, r._op, r._position,
      max(r._position) OVER (PARTITION BY substr(r._position, 1, 31)) AS _pair
    FROM ${changes} r${looked}
    WHERE r._op = ${first} OR substr(r._position, 32, 1) = ${second}
  ) m
  WHERE _op = 'delete' AND _pair = substr(_position, 1, 31) || '1' AND _pair <> _position`
}

function healing(dialect: Dialect, { name, contractColumn }: CatalogColumn): string {
  const column = identifier(name)
  const isGiven = `r._absent IS NULL OR NOT ${dialect.contains('r._absent', literal(contractColumn))}`
  return `${dialect.valueOfHighest(`r.${column}`, 'r._position', isGiven)} AS ${column}`
}
