import type { Dialect } from './dialect.ts'
import { identifier, literal } from './sql-text.ts'
import { isChange, lifeId, listOf, sameKeys, type TableShape } from './table-shape.ts'

export interface FoldInput {
  /** Begins the names of the CTEs. */
  readonly prefix: string
  /** Query of the winning row of each key, deletes among them. */
  readonly latest: string
  /**
   * Name of a relation of every row that may hold a missing value: the system columns, those of the contract, and `_rank`.
   * Of two readings of one change the higher revision counts, then the higher rank; a row of rank 2 or 0 is of base.
   */
  readonly rows: string
  /** Query of keys without repeats: those whose winners lack something, and all that these may have had before. */
  readonly scope?: string
  /** No winner lacks a column. */
  readonly isSettled?: boolean | undefined
}

export interface Fold {
  readonly ctes: readonly string[]
  /** Relation of the winning rows. */
  readonly latest: string
  /**
   * Relation of the winning rows that lack something, with all that is known of them: keys, the other columns of the
   * contract, and `_lacking`, the columns that no row of their history has. Undefined where no column can be missing.
   */
  readonly healed: string | undefined
}

/* What the way of a winner back through its history needs of a row; the values themselves are read once, at its end. */
const NARROW = ['_op', '_position', '_revision', '_absent']

/**
 * Fills what the winning rows lack (`_absent`). A life of a key starts with an insert, a load, a delete, or the mark of a
 * refused change: nobody knows what that change did to values from before it, so they are not looked for. The missing
 * value is in the same life; if that began with a change of the key (its position ends in 1, the delete of the old key
 * is the same position ending in 0), it may be in the life of the old key, and so on. Of each change only the last
 * reading counts: an earlier one was made by an older contract, and a column which that did not know looks like a null.
 * Where no winner lacks anything the rows are not read.
 */
export function fold(
  dialect: Dialect,
  shape: TableShape,
  { prefix, latest, rows, scope, isSettled = false }: FoldInput,
): Fold {
  const { keys, healable } = shape
  const name = (part: string) => `${prefix}${part}`
  const latestCte = dialect.cte(name('latest'), latest)
  if (isSettled || healable.length === 0)
    return { ctes: [latestCte], latest: name('latest'), healed: undefined }
  /* A row of base holds all that was before it, unless it lacks something itself. */
  const starts = `max(CASE WHEN _op IN ('insert', 'load', 'delete', 'refused') OR (_rank <> 1 AND NOT ${hasGaps(dialect)}) THEN _position END)`
  const window = `PARTITION BY ${shape.groups()} ORDER BY _position`
  const winners = keys.map((_, index) => `_winner_${index}`)
  const scoped = scope === undefined ? '' : ` JOIN ${name('scope')} s ON ${sameKeys(keys, 's', 'r')}`
  const narrow = [...NARROW, ...keys]
  const wayColumns = [...winners, ...keys, '_p', '_r', '_a']
  const ways = `(SELECT ${[...winners.map((one) => `c.${one}`), listOf(keys, 'r')].join(', ')}, r._position AS _p, r._revision AS _r, ${dialect.texts('r._absent')} AS _a
    FROM ${name('chain')} c JOIN ${name('lives')} r ON r._id = c._id AND r._op NOT IN ('delete', 'refused'))`
  const ctes = [
    latestCte,
    ...(scope === undefined ? [] : [dialect.cte(name('scope'), scope)]),
    dialect.cte(
      name('lives'),
      `
  SELECT ${listOf(narrow)}, _life, _last, ${lifeId(dialect, shape, '_life')} AS _id, ${lifeId(dialect, shape, '_life_before')} AS _id_before
  FROM (
    SELECT ${listOf(narrow)}, max(CASE WHEN ${isChange()} THEN _position END) OVER (PARTITION BY ${shape.groups()}) AS _last,
      ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _life,
      ${starts} OVER (${window} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS _life_before
    FROM (
      SELECT ${listOf(narrow, 'r')}, r._rank,
        row_number() OVER (PARTITION BY ${shape.groups('r')}, r._position ORDER BY ${bestReading(dialect, 'r')}) AS _nth
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
  WHERE n._to IS NOT NULL AND n._life = n._position AND substr(n._position, 32, 1) = '1' AND n._op NOT IN ('delete', 'refused')
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
    dialect.cte(name('ways'), dialect.few(ways, wayColumns)),
    /* Two readings of one change with the same gaps are the same row. */
    dialect.cte(
      name('healed'),
      `
  SELECT ${keys.map((one, index) => `${winners[index]} AS ${one}`).join(', ')}, ${dialect.common('_a')} AS _lacking${healable.map(({ name: column, contractColumn }) => `,\n    ${dialect.valueOfHighest(identifier(column), '_p', `NOT ${dialect.contains('_a', literal(contractColumn))}`)} AS ${identifier(column)}`).join('')}
  FROM ${name('ways')} w JOIN ${rows} r ON ${sameKeys(keys, 'r', 'w')} AND r._position = _p AND r._revision = _r AND ${isChange('r.')} AND ${dialect.texts('r._absent')} = _a
  GROUP BY ${listOf(winners)}
`,
    ),
  ]
  return { ctes, latest: name('latest'), healed: name('healed') }
}

/** Condition on rows that live and lack columns. */
export function lacks(dialect: Dialect): string {
  return `_op <> 'delete' AND ${hasGaps(dialect)}`
}

/** Condition on rows that lack columns: true or false. */
export function hasGaps(dialect: Dialect, list = '_absent'): string {
  return `${dialect.size(list)} > 0`
}

/** ORDER BY of the readings of one change, the one that counts first: always the same one, and a mark only without any. */
export function bestReading(dialect: Dialect, alias: string): string {
  return `CASE WHEN ${isChange(`${alias}.`)} THEN 0 ELSE 1 END, ${alias}._revision DESC, ${alias}._rank DESC, ${dialect.size(`${alias}._absent`)}`
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
