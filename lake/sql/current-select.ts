import { systemColumns } from '../../core/contract/language/lake-row.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { isPosition, nextStep, type Position } from '../../core/position.ts'
import type { Dialect } from './dialect.ts'
import { duckdbDialect } from './duckdb-dialect.ts'
import { bestReading, type Fold, fold, hasGaps, lacks, movedKeys } from './fold.ts'
import { identifier, literal } from './sql-text.ts'
import { derivedPartitions, isChange, listOf, sameKeys, type TableShape, tableShape } from './table-shape.ts'

/** The columns of current beside the contract's: where and when its row was last changed, and what no contract knows. */
export const currentSystemColumns = ['_position', '_committed_at', '_extra'] as const

/** Relations, as they stand after FROM, without the rows of unpublished revisions. */
export interface CurrentSources {
  /** All of history, the fresh part too. */
  readonly history: string
  /** Rows of the history files that are not folded into base; folded ones among them only cost time. */
  readonly fresh?: string
  /** Left out, or of an entry without base: current is the fold of all history. */
  readonly base?: string
  readonly tombstones?: string
}

/** A moment of a table as SQL: a position, and the highest floor at or before it. */
export interface Moment {
  readonly position: string
  readonly floor: string
}

export interface CurrentOptions {
  /** The state at this position instead of the newest. */
  readonly asOf?: Position
  readonly system?: readonly string[]
  /** Keys whose latest change is a delete, too: `_op` says so, and is a column of the result then. */
  readonly withDeleted?: boolean
  /** Keys whose row is not known whole, too: `_lacking` names the columns, and is a column of the result then. */
  readonly withIncomplete?: boolean
  /** Only keys of this relation, which has the key columns. */
  readonly onlyKeysOf?: string
  /** Whether day and month columns of base are columns of the result; they are unless said. */
  readonly withPartitions?: boolean
  /** `unsettledSelect` of the same sources found nothing: the parts for late changes and missing values are left out. */
  readonly isSettled?: boolean
  readonly dialect?: Dialect
}

interface Plan extends CurrentOptions {
  readonly dialect: Dialect
  readonly entry: CatalogEntry
  readonly shape: TableShape
  /** Condition on changes that count: above the floor, up to the position asked for. */
  readonly counted: string
}

/**
 * SELECT of the current rows of a table: for each key the row of the highest (position, revision) at or above the floor;
 * deleted keys gone; columns an update did not send (`_absent`) taken from the last row that had them, also across a
 * change of the key. A key with a column that no row has is held back until one comes: a null would be a value that the
 * source does not have. With base it is the same rows, found with less reading; once old history is dropped, base stands
 * in for it. Throws RangeError for an `asOf` that is no position.
 */
export function currentSelect(
  entry: CatalogEntry,
  sources: CurrentSources,
  options: CurrentOptions = {},
): string {
  const { asOf } = options
  if (asOf !== undefined && !isPosition(asOf)) throw new RangeError('asOf is not a position')
  const moment = {
    ...(asOf === undefined ? {} : { position: literal(asOf) }),
    ...floorOf(entry, asOf),
  }
  return usesBase(entry, asOf)
    ? mergedSelect(entry, sources, moment, options)
    : wholeSelect(entry, sources.history, moment, options)
}

/**
 * SELECT of how many keys have a late change, or a winner that lacks columns, of the moment that is asked for. Where there is
 * none, as in a table without large texts, current is found with a fraction of the plan, whose size grows with the columns.
 */
export function unsettledSelect(
  entry: CatalogEntry,
  { history, fresh = history }: CurrentSources,
  options: CurrentOptions = {},
): string {
  const { asOf } = options
  const position = asOf === undefined ? {} : { position: literal(asOf) }
  const plan = planOf(entry, { ...position, ...floorOf(entry, asOf) }, options)
  const isMerged = usesBase(entry, asOf)
  const ctes = [
    plan.dialect.cte('fresh', `SELECT * FROM ${isMerged ? fresh : history} WHERE ${plan.counted}`),
    newestCte(plan),
  ]
  const unsettled = [lacks(plan.dialect), ...(isMerged ? [isLate(entry)] : [])]
  return `${plan.dialect.with} ${ctes.join(',\n')}\nSELECT count(*) FROM newest WHERE ${unsettled.map((one) => `(${one})`).join(' OR ')}`
}

/** Whether base may stand for history up to it: not for a state before it, nor before a floor that its build may have known. */
export function usesBase({ base, floors }: CatalogEntry, asOf: Position | undefined): boolean {
  if (base === null) return false
  return asOf === undefined || (asOf >= base.position && asOf >= (floors.at(-1)?.position ?? ''))
}

function floorOf({ floors }: CatalogEntry, asOf?: Position): Pick<Partial<Moment>, 'floor'> {
  const floor = floors.filter(({ position }) => asOf === undefined || position <= asOf).at(-1)
  return floor === undefined ? {} : { floor: literal(floor.position) }
}

/** Current at a moment as the fold of all history. */
export function wholeSelect(
  entry: CatalogEntry,
  history: string,
  moment: Partial<Moment>,
  options: CurrentOptions,
): string {
  const plan = planOf(entry, moment, options)
  const { dialect, shape, counted } = plan
  const changes = dialect.view('changes', `SELECT *, 1 AS _rank FROM ${history} WHERE ${counted}`)
  const whole = fold(dialect, shape, {
    prefix: '',
    isSettled: plan.isSettled,
    latest: newestOf(plan, `changes r${only(plan, 'r')}`),
    rows: 'changes',
    scope: scopeOf(plan, `(SELECT ${listOf(shape.keys)} FROM latest WHERE ${lacks(dialect)})`, 'changes'),
  })
  return `${dialect.with} ${[changes, ...whole.ctes].join(',\n')}\n${foldBranches(plan, whole).join('\nUNION ALL\n')}`
}

/** Current at a moment as base merged with what is fresh. */
export function mergedSelect(
  entry: CatalogEntry,
  { history, fresh = history, base = '', tombstones = '' }: CurrentSources,
  moment: Partial<Moment>,
  options: CurrentOptions,
): string {
  const plan = planOf(entry, moment, options)
  if (plan.isSettled === true) return settledSelect(plan, { fresh, base, tombstones })
  const { dialect, shape, counted } = plan
  const { keys, all } = shape
  const { storesCtes: isStored } = dialect
  const late = isLate(entry)
  const key = listOf(keys)
  const isKnown = (name: string) => all.indexOf(name) < systemColumns.length || keys.includes(name)
  const buried = all.map((name) => (isKnown(name) ? name : 'NULL'))
  const quick = fold(dialect, shape, {
    prefix: 'quick_',
    latest: `
  SELECT n.* FROM newest n LEFT JOIN tainted t ON ${sameKeys(keys, 't', 'n')}${only(plan, 'n')}
  WHERE t.${keys[0]} IS NULL AND ${isChange('n.')}
`,
    rows: 'quick_rows',
    scope: scopeOf(plan, `(SELECT ${key} FROM newest WHERE ${lacks(dialect)})`, 'fresh'),
  })
  const slow = fold(dialect, shape, {
    prefix: 'slow_',
    latest: newestOf(plan, `slow_rows r JOIN tainted t ON ${shape.same('t', 'r')}${only(plan, 'r')}`),
    rows: isStored
      ? 'slow_rows'
      : `(SELECT r.* FROM slow_rows r CROSS JOIN (SELECT 1 AS _on FROM newest WHERE ${late} LIMIT 1) g)`,
    ...(isStored ? { scope: scopeOf(plan, 'tainted', 'changes') } : {}),
  })
  const ctes = [
    dialect.cte('fresh', `SELECT * FROM ${fresh} WHERE ${counted}`),
    dialect.view('changes', `SELECT *, 1 AS _rank FROM ${history} WHERE ${counted}`),
    newestCte(plan),
    taintedCte(plan, late),
    dialect.cte('touched', `SELECT ${key} FROM newest WHERE ${isChange()} UNION SELECT ${key} FROM tainted`),
    dialect.view(
      'quick_rows',
      `SELECT ${listOf(all)}, 1 AS _rank FROM fresh UNION ALL SELECT ${listOf(all)}, 2 FROM ${base} WHERE ${counted} UNION ALL SELECT ${listOf(buried)}, 2 FROM ${tombstones} WHERE _op = 'refused' AND ${counted}`,
    ),
    dialect.view(
      'slow_rows',
      `SELECT ${listOf(all)}, _rank FROM changes UNION ALL SELECT ${listOf(all)}, 0 FROM ${base} WHERE ${counted} UNION ALL SELECT ${listOf(buried)}, 0 FROM ${tombstones} WHERE ${counted}`,
    ),
    ...quick.ctes,
    ...slow.ctes,
  ]
  const branches = [
    baseBranch(plan, base),
    ...(plan.withDeleted === true ? [tombstoneBranch(plan, tombstones)] : []),
    ...foldBranches(plan, quick),
    ...foldBranches(plan, slow),
  ]
  return `${dialect.with} ${ctes.join(',\n')}\n${branches.join('\nUNION ALL\n')}`
}

/* Base, and in its place what is fresh, when nothing of that is late or lacks a column. */
function settledSelect(
  plan: Plan,
  { fresh, base, tombstones }: Required<Pick<CurrentSources, 'fresh' | 'base' | 'tombstones'>>,
): string {
  const { dialect, shape } = plan
  const latest = `SELECT n.* FROM newest n${only(plan, 'n')} WHERE ${isChange('n.')}`
  const ctes = [
    dialect.cte('fresh', `SELECT * FROM ${fresh} WHERE ${plan.counted}`),
    newestCte(plan),
    dialect.cte('touched', `SELECT ${listOf(shape.keys)} FROM newest WHERE ${isChange()}`),
  ]
  const quick = fold(dialect, shape, { prefix: 'quick_', latest, rows: '', isSettled: true })
  const branches = [
    baseBranch(plan, base),
    ...(plan.withDeleted === true ? [tombstoneBranch(plan, tombstones)] : []),
    ...foldBranches(plan, quick),
  ]
  return `${dialect.with} ${[...ctes, ...quick.ctes].join(',\n')}\n${branches.join('\nUNION ALL\n')}`
}

/** The columns of current, in order, when nothing else is asked for. */
export function currentColumns({ table }: CatalogEntry): readonly string[] {
  const partitions = derivedPartitions(table, duckdbDialect, (name) => name)
  return [...table.columns, ...partitions].map(({ name }) => name).concat(currentSystemColumns)
}

function planOf(entry: CatalogEntry, moment: Partial<Moment>, options: CurrentOptions): Plan {
  const counted = [
    `_op <> 'truncate'`,
    ...(moment.floor === undefined ? [] : [`_position >= ${moment.floor}`]),
    ...(moment.position === undefined ? [] : [`_position <= ${moment.position}`]),
  ].join(' AND ')
  const { dialect = duckdbDialect } = options
  return { ...options, dialect, entry, shape: tableShape(entry.table), counted }
}

/* Of each key the newest of fresh, and where its first change there lies. */
function newestCte({ dialect, shape }: Plan): string {
  const key = shape.groups()
  return dialect.cte(
    'newest',
    `
  SELECT * FROM (
    SELECT r.*,
      row_number() OVER (PARTITION BY ${key} ORDER BY CASE WHEN ${isChange()} THEN 0 ELSE 1 END, _position DESC, _revision DESC, ${dialect.size('_absent')}) AS _nth,
      min(_position) OVER (PARTITION BY ${key}) AS _first
    FROM fresh r
  ) n
  WHERE _nth = 1
`,
  )
}

/* The second half of a change of the key whose first half is the last that was folded is late, too. */
function isLate({ base }: CatalogEntry): string {
  return `_first <= ${literal(nextStep(base?.position ?? ''))}`
}

/*
 * Keys that base may have wrong: with a change that came after later ones were folded; and, on and on, keys into which
 * such a key was changed, for they may have inherited its values. Without recursion every key that came from another.
 */
function taintedCte({ dialect, shape: { keys } }: Plan, condition: string): string {
  const late = `SELECT ${listOf(keys)} FROM newest WHERE ${condition}`
  if (!dialect.storesCtes)
    return dialect.cte(
      'tainted',
      `
  ${late}
  UNION
  SELECT ${listOf(keys, 'n')} FROM changes n CROSS JOIN (SELECT 1 AS _on FROM newest WHERE ${condition} LIMIT 1) g
  WHERE substr(n._position, 32, 1) = '1' AND n._op <> 'delete'
`,
    )
  /*
   * From a key to the positions at which it was left, from a position to the key that was entered there. What is looked
   * for comes from the spreading side alone, so that scans of history end at once where nothing is late.
   */
  return `spreading AS (
  SELECT *, 'delete' AS _leaves, CAST(NULL AS VARCHAR) AS _enters FROM (${late}) t
  UNION (
    SELECT ${keys.map((key) => `NULL AS ${key}`).join(', ')}, t._leaves, substr(o._position, 1, 31) || '1'
    FROM spreading t JOIN changes o ON ${sameKeys(keys, 'o', 't')} AND o._op = t._leaves
    UNION ALL
    SELECT ${listOf(keys, 'n')}, t._leaves, NULL FROM spreading t JOIN changes n ON n._position = t._enters
  )
),
${dialect.cte('tainted', dialect.few(`(SELECT DISTINCT ${listOf(keys)} FROM spreading WHERE _enters IS NULL)`, keys))}`
}

/* Keys with gaps, and those that may have been their keys before. */
function scopeOf({ dialect, shape }: Plan, gaps: string, changes: string): string {
  const gate = dialect.storesCtes ? gaps : undefined
  return `
  SELECT ${listOf(shape.keys)} FROM ${gaps} c
  UNION
  ${movedKeys(shape, changes, gate)}
`
}

/* The winning row of each key of `from`, whose rows are `r`. */
function newestOf({ dialect, shape }: Plan, from: string): string {
  return `
  SELECT * FROM (
    SELECT r.*, row_number() OVER (PARTITION BY ${shape.groups('r')} ORDER BY r._position DESC, ${bestReading(dialect, 'r')}) AS _nth
    FROM ${from}
    WHERE ${isChange('r.')}
  ) n
  WHERE _nth = 1
`
}

/* A join that keeps the rows of the keys asked for. */
function only({ onlyKeysOf, shape }: Plan, alias: string): string {
  if (onlyKeysOf === undefined) return ''
  return ` JOIN (SELECT DISTINCT ${listOf(shape.keys)} FROM ${onlyKeysOf}) k ON ${shape.same('k', alias)}`
}

/* Base as it lies there: conditions on its columns reach its files. */
function baseBranch(plan: Plan, base: string): string {
  const { dialect, shape, counted } = plan
  const names = partitionsOf(plan, (name) => name).map(({ name }) => identifier(name))
  const outputs = [...shape.columns.map(({ name }) => identifier(name)), ...names, ...systemOf(plan)]
  const isWhole = plan.withIncomplete === true ? '' : ` AND NOT ${hasGaps(dialect, 'b._absent')}`
  return `SELECT ${listOf(outputs, 'b')}${lackingOf(plan, 'b._absent')}
FROM (SELECT * FROM ${base} WHERE ${counted}) b
LEFT JOIN touched t ON ${sameKeys(shape.keys, 't', 'b')}${only(plan, 'b')}
WHERE t.${shape.keys[0]} IS NULL${isWhole}`
}

function tombstoneBranch(plan: Plan, tombstones: string): string {
  const { shape, counted } = plan
  const names = shape.columns.map(({ name }) => identifier(name))
  const outputs = [
    ...names.map((name) => (shape.keys.includes(name) ? `b.${name}` : `NULL AS ${name}`)),
    ...partitionsOf(plan, (name) => name).map(({ name }) => `NULL AS ${identifier(name)}`),
    ...systemOf(plan).map((name) => `b.${name}`),
  ]
  return `SELECT ${outputs.join(', ')}${lackingOf(plan, 'NULL')}
FROM (SELECT * FROM ${tombstones} WHERE _op = 'delete' AND ${counted}) b
LEFT JOIN touched t ON ${sameKeys(shape.keys, 't', 'b')}${only(plan, 'b')}
WHERE t.${shape.keys[0]} IS NULL`
}

/* The winners that came whole, and those that were made whole. */
function foldBranches(plan: Plan, { latest, healed }: Fold): readonly string[] {
  const { dialect, shape } = plan
  const outputs = (of: (column: string) => string) => [
    ...shape.columns.map(({ name }) => of(name)),
    ...partitionsOf(plan, of).map(({ name, sql }) => `${sql} AS ${identifier(name)}`),
    ...systemOf(plan).map((name) => `l.${name}`),
  ]
  const isLive = plan.withDeleted === true ? [] : [`l._op <> 'delete'`]
  const gaps = `(l._op <> 'delete' AND ${hasGaps(dialect, 'l._absent')})`
  const where = (conditions: readonly string[]) =>
    conditions.length === 0 ? '' : `\nWHERE ${conditions.join(' AND ')}`
  const plain = outputs((name) => `l.${identifier(name)}`)
  const asTheyCame = `SELECT ${plain.join(', ')}${lackingOf(plan, 'NULL')}
FROM ${latest} l${where([...isLive, ...(healed === undefined ? [] : [`NOT ${gaps}`])])}`
  if (healed === undefined) return [asTheyCame]
  /* Of 0 and -0, which are one key, that of the winner. */
  const filled = outputs((name) => `${shape.signed.has(name) ? 'l' : 'h'}.${identifier(name)}`)
  const isWhole = plan.withIncomplete === true ? [] : [`NOT ${hasGaps(dialect, 'h._lacking')}`]
  return [
    asTheyCame,
    `SELECT ${filled.join(', ')}${lackingOf(plan, `CASE WHEN ${hasGaps(dialect, 'h._lacking')} THEN h._lacking END`)}
FROM ${latest} l JOIN ${healed} h ON ${shape.same('h', 'l')}${where([gaps, ...isWhole])}`,
  ]
}

function lackingOf({ withIncomplete }: Plan, list: string): string {
  return withIncomplete === true ? `, ${list} AS _lacking` : ''
}

function partitionsOf({ dialect, entry, withPartitions }: Plan, column: (name: string) => string) {
  return withPartitions === false ? [] : derivedPartitions(entry.table, dialect, column)
}

function systemOf({ system = currentSystemColumns, withDeleted = false }: Plan): readonly string[] {
  const names = withDeleted && !system.includes('_op') ? ['_op', ...system] : system
  return names.map(identifier)
}
