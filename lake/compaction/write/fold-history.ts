import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { SqlEngine } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import { columnList, identifier, literal } from '../../sql/sql-text.ts'
import { isChange, tableShape } from '../../sql/table-shape.ts'
import { healedRows, latestOfKey, plainRows, tiedKeys } from '../sql/fold-sql.ts'
import {
  countedRows,
  exactOptions,
  keyColumns,
  pathList,
  rowColumns,
  rowsOfFiles,
  tombstoneSystem,
} from '../sql/lake-rows-sql.ts'
import { partitionSql } from '../sql/partition-sql.ts'

/** What is folded: local paths. */
export interface FoldInput {
  readonly entry: CatalogEntry
  /** All history files up to now: asked for once, and only when late rows or a whole new base need them. */
  readonly history: () => Promise<readonly string[]>
  /** Of them those that no base has yet. */
  readonly fresh: readonly string[]
  /** The files of the base before, and what it was folded up to; null when there is none. */
  readonly base: {
    readonly rows: readonly string[]
    readonly tombstones: readonly string[]
    readonly position: Position
  } | null
  /** Whether every key is made anew: another floor, or no base. */
  readonly isWhole: boolean
  /** Whether history goes back to the first change; if not, the base stands for what is gone. */
  readonly isHistoryWhole: boolean
}

/** Counts of a fold; its rows lie in the scratch file, in `compact_dead` and in `compact_marks`. */
export interface Folded {
  /** Keys whose state was made anew, and what they are now. */
  readonly touched: number
  readonly live: number
  readonly dead: number
  /** Marks of refused changes that the keys have now. */
  readonly marks: number
  /** Live rows, and tombstones with marks, that the base had of those keys. */
  readonly replaced: number
  readonly buried: number
}

/**
 * Makes the new state of every key that the fresh files touch, in temporary tables and one scratch file: live rows with
 * their partition values in `_p0`, `_p1`, …, those of a partition together. Leaves for the writer: `compact_touched` (keys),
 * `compact_old` (their rows in the base before, with `_file`), `compact_dead` (their tombstones now), `compact_marks` (marks of
 * refused changes that a later change may have to stop at).
 *
 * A key whose new rows are all above what was folded before needs only them and its base row. Rows that arrive late may
 * change what an already folded row took from them, also one of another key; those keys are made of all of history.
 */
export async function foldHistory(sql: SqlEngine, input: FoldInput, staged: string): Promise<Folded> {
  const { entry, isWhole } = input
  const { table } = entry
  const keys = columnList(keyColumns(table))
  const groups = tableShape(table).groups()
  const counted = countedRows(entry)
  const openHistory = async () => {
    const paths = await input.history()
    await sql.run(`CREATE OR REPLACE TEMP VIEW compact_history AS ${wholeHistory(input, paths)}`)
  }
  const hasDeep = isWhole
    ? await touchEverything(sql, input, openHistory)
    : await touchFresh(sql, input, openHistory)
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_gaps AS
    ${(await hasGaps(sql)) ? tiedKeys(table, gapKeys(), 'compact_input') : `SELECT ${keys} FROM compact_input LIMIT 0`}`)
  for (const [rows, relation, some] of [
    ['compact_gap_rows', 'compact_input', 'compact_gaps'],
    ['compact_deep_rows', hasDeep ? 'compact_history' : 'compact_input', 'compact_deep'],
  ])
    await sql.run(
      `CREATE OR REPLACE TEMP TABLE ${rows} AS SELECT * FROM ${relation} SEMI JOIN ${some} USING (${keys})`,
    )
  await stageRows(sql, entry, staged)
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_dead AS SELECT ${keys}, ${tombstoneSystem.join(', ')}
    FROM (SELECT * FROM (${narrow('compact_input')} UNION ALL ${narrow('compact_deep_rows')}) ${latestOfKey(table)})
    WHERE _op = 'delete'`)
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_marks AS ${marksNow()}`)
  return countFold(sql, staged, keys)

  function narrow(relation: string): string {
    return `SELECT ${keys}, ${tombstoneSystem.join(', ')} FROM ${relation}
      SEMI JOIN (SELECT ${keys} FROM ${relation} WHERE _op = 'delete') USING (${keys}) WHERE ${isChange()}`
  }

  /* A newest row that is whole holds all that was before it; a change that is there after all needs no mark. */
  function marksNow(): string {
    const columns = `${keys}, ${tombstoneSystem.join(', ')}`
    const known = (relation: string) => `SELECT ${columns}, len(_absent) > 0 AS _gaps FROM ${relation}
      SEMI JOIN (SELECT ${keys} FROM ${relation} WHERE NOT ${isChange()}) USING (${keys})`
    return `WITH known AS MATERIALIZED (${known('compact_input')} UNION ALL ${known('compact_deep_rows')}),
      newest AS (SELECT ${keys}, _position AS _last, _gaps FROM known WHERE ${isChange()}
        QUALIFY row_number() OVER (PARTITION BY ${groups} ORDER BY _position DESC, _revision DESC) = 1)
      SELECT ${columns} FROM (SELECT ${columns} FROM known
        QUALIFY row_number() OVER (PARTITION BY ${groups}, _position ORDER BY ${isChange()} DESC, _revision DESC) = 1)
      LEFT JOIN newest USING (${keys})
      WHERE NOT ${isChange()} AND (_last IS NULL OR _position > _last OR _gaps)`
  }

  /* Keys whose latest row lacks columns. */
  function gapKeys(): string {
    return `(SELECT ${keys} FROM (SELECT ${keys}, _op, _position, _revision, _absent FROM compact_input
      WHERE ${isChange()} ${latestOfKey(table)}) WHERE _op <> 'delete' AND len(_absent) > 0)`
  }

  function wholeHistory({ base, isHistoryWhole }: FoldInput, paths: readonly string[]): string {
    const columns = columnList(rowColumns(table))
    const rows = `SELECT ${columns} FROM (${rowsOfFiles(table, paths)}) WHERE ${counted}`
    if (base === null || isHistoryWhole) return rows
    const before = `(${rowsOfFiles(table, [...base.rows, ...base.tombstones])})`
    /* Once more just below its own place, for a later reading of that change which lacks columns. */
    const below = rowColumns(table).map((name) => {
      if (name === '_op') return `'update' AS _op`
      return name === '_position' ? `left(_position, 31) || '.' AS _position` : identifier(name)
    })
    return `${rows} UNION ALL SELECT ${columns} FROM ${before} WHERE ${counted}
      UNION ALL SELECT ${below.join(', ')} FROM ${before} WHERE _op NOT IN ('delete', 'refused') AND ${counted}`
  }
}

/* Both resolve with whether keys are made of all of history beside those of `compact_input`. */
async function touchEverything(
  sql: SqlEngine,
  { entry }: FoldInput,
  openHistory: () => Promise<void>,
): Promise<boolean> {
  const keys = columnList(keyColumns(entry.table))
  await openHistory()
  await sql.run(`CREATE OR REPLACE TEMP VIEW compact_input AS SELECT * FROM compact_history`)
  /* Nothing of the base before stays, so nobody asks which keys. */
  for (const name of ['compact_touched', 'compact_deep'])
    await sql.run(`CREATE OR REPLACE TEMP TABLE ${name} AS SELECT ${keys} FROM compact_input LIMIT 0`)
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_old AS FROM (${rowsOfFiles(entry.table, [])})`)
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_buried AS FROM compact_old`)
  return false
}

async function touchFresh(
  sql: SqlEngine,
  { entry, fresh, base }: FoldInput,
  openHistory: () => Promise<void>,
): Promise<boolean> {
  const { table } = entry
  const keys = columnList(keyColumns(table))
  const columns = columnList(rowColumns(table))
  /* By change, not by lake row: the second half of a key update may arrive alone. */
  const isLate = `left(_position, 31) <= ${literal((base?.position ?? '').slice(0, 31))}`
  await sql.run(`CREATE OR REPLACE TEMP VIEW compact_new AS
    SELECT ${columns} FROM (${rowsOfFiles(table, fresh)}) WHERE ${countedRows(entry)}`)
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_touched AS
    SELECT ${keys}, bool_or(${isLate}) AS _late,
      bool_or(len(_absent) > 0 OR _op = 'delete' OR right(_position, 1) = '1') AS _tied
    FROM compact_new GROUP BY ${keys}`)
  await readOld()
  /* A whole row of a key that was never seen, and never moved, changes nothing else: late or not. */
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_seeds AS SELECT ${keys} FROM compact_touched WHERE _late AND
    (_tied OR (${keys}) IN (SELECT (${keys}) FROM compact_old UNION ALL SELECT (${keys}) FROM compact_buried))`)
  const hasSeeds = (await numbers(sql, 'SELECT count(*) FROM compact_seeds'))[0] !== 0
  if (hasSeeds) await openHistory()
  await sql.run(`CREATE OR REPLACE TEMP TABLE compact_deep AS
    ${hasSeeds ? tiedKeys(table, 'compact_seeds', 'compact_history') : 'FROM compact_seeds'}`)
  if (hasSeeds) {
    await sql.run(`INSERT INTO compact_touched
      SELECT ${keys}, true, true FROM compact_deep ANTI JOIN compact_touched USING (${keys})`)
    await readOld()
  }
  await sql.run(`CREATE OR REPLACE TEMP VIEW compact_input AS SELECT ${columns} FROM (
    SELECT ${columns} FROM compact_new UNION ALL SELECT ${columns} FROM compact_old
    UNION ALL SELECT ${columns} FROM compact_buried) ANTI JOIN compact_deep USING (${keys})`)
  return hasSeeds

  async function readOld(): Promise<void> {
    for (const [name, files] of [
      ['compact_old', base?.rows ?? []],
      ['compact_buried', base?.tombstones ?? []],
    ] as const)
      await sql.run(`CREATE OR REPLACE TEMP TABLE ${name} AS SELECT ${columns}, _file
        FROM (${rowsOfFiles(table, files)}) SEMI JOIN compact_touched USING (${keys}) ORDER BY _file`)
  }
}

async function hasGaps(sql: SqlEngine): Promise<boolean> {
  const found = await sql.rows('SELECT 1 FROM compact_input WHERE len(_absent) > 0 LIMIT 1')
  return found.length > 0
}

async function stageRows(sql: SqlEngine, entry: CatalogEntry, staged: string): Promise<void> {
  const { table } = entry
  const keys = columnList(keyColumns(table))
  const values = partitionSql(table).map((value, index) => `${value} AS _p${index}`)
  const partitions = values.map((_, index) => `_p${index}`)
  const live = [
    plainRows(table, `(FROM compact_input ANTI JOIN compact_gaps USING (${keys}) WHERE ${isChange()})`),
    healedRows(entry, 'compact_gap_rows'),
    healedRows(entry, 'compact_deep_rows'),
  ]
  /* Numbered, and so brought together by partition: DuckDB's sort of all rows needs more memory than its windows do. */
  const together = `row_number() OVER (PARTITION BY ${partitions.join(', ')} ORDER BY ${tableShape(table).groups()}) AS _number`
  const rows = `SELECT ${[...values, '*'].join(', ')} FROM (${live.join(' UNION ALL BY NAME ')})`
  await sql.run(`COPY (${values.length > 0 ? `SELECT *, ${together} FROM (${rows})` : rows})
    TO ${literal(staged)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 30720, ROW_GROUP_SIZE_BYTES '16MB'${exactOptions(table)})`)
}

async function countFold(sql: SqlEngine, staged: string, keys: string): Promise<Folded> {
  const changed = (relation: string) => `SELECT ${keys} FROM ${relation} WHERE ${isChange()}`
  const [touched = 0, live = 0, dead = 0, marks = 0, replaced = 0, buried = 0] = await numbers(
    sql,
    `SELECT (SELECT count(*) FROM (SELECT ${keys} FROM (${changed('compact_input')} UNION ALL ${changed('compact_deep_rows')}) GROUP BY ${keys})),
      (SELECT count(*) FROM read_parquet(${pathList([staged])})), (SELECT count(*) FROM compact_dead), (SELECT count(*) FROM compact_marks),
      (SELECT count(*) FROM compact_old), (SELECT count(*) FROM compact_buried)`,
  )
  return { touched, live, dead, marks, replaced, buried }
}

/** The numbers of a result of one row. */
export async function numbers(sql: SqlEngine, query: string): Promise<readonly number[]> {
  const [row = []] = await sql.rows(query)
  return row.map(Number)
}
