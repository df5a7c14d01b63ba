import type { JsonValue } from '../../../core/json.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import type { SqlEngine } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import {
  type ComparedRows,
  checksumSelect,
  digestSelect,
  keyTextOf,
  textsSelect,
} from '../checksum/checksum-sql.ts'
import type { Checksums } from '../checksum/checksums.ts'
import type { SourceColumns } from '../source/source-columns.ts'
import type { Selection } from '../source/source-side.ts'
import { lakeHistory, lakeRows, lakeState, lakeTombstones } from './lake-rows.ts'
import { type Since, sinceCondition } from './since.ts'

/** What history and base say of a key. */
export interface LastChange {
  /** Held back: nothing in the lake has all of its row. */
  readonly is: 'shown' | 'deleted' | 'held back'
  readonly position: Position
}

/** A stretch of the history of a key, both ends included. */
export interface Life {
  readonly key: string
  readonly from: string
  readonly to: Position
}

export interface LakeSideOptions {
  readonly entry: CatalogEntry
  readonly columns: SourceColumns
  /** Folder that holds `lake/`. */
  readonly root: string
  readonly asOf: Position
}

/** The lake's rows of one table as of one position, asked in DuckDB; tables that it makes there are replaced by the next. */
export class LakeSide {
  private readonly engine: SqlEngine
  private readonly entry: CatalogEntry
  private readonly root: string
  readonly asOf: Position
  private readonly rows: ComparedRows

  private constructor(engine: SqlEngine, options: LakeSideOptions, relation: string) {
    const { entry, columns, root, asOf } = options
    this.engine = engine
    this.entry = entry
    this.root = root
    this.asOf = asOf
    this.rows = {
      keys: columns.keys.map(({ lake }) => lake),
      columns: columns.columns.map(({ lake, isInstant }) => ({ ...lake, isInstant })),
      relation,
    }
  }

  static async open(engine: SqlEngine, options: LakeSideOptions): Promise<LakeSide> {
    const { entry, root, asOf } = options
    const rows = await lakeRows(engine, entry, root, asOf)
    return new LakeSide(engine, options, `(${rows}) AS t`)
  }

  async checksums(selection: Selection): Promise<Checksums> {
    const select = checksumSelect(await this.selected(selection))
    const rows = await this.engine.rows(
      `SELECT bucket, row_count, CAST(digest_sum AS VARCHAR) FROM (${select})`,
    )
    return new Map(
      rows.map(([bucket, count, sum]) => [Number(bucket), { rows: Number(count), sum: BigInt(String(sum)) }]),
    )
  }

  /** Fills the table `lake_side` with key, digest and position of the selected rows. */
  async fillDigests(selection: Selection): Promise<void> {
    const select = digestSelect(await this.selected(selection), ['_position AS position'])
    await this.engine.run(`CREATE OR REPLACE TEMP TABLE lake_side AS ${select}`)
  }

  /** Calls `each` with the key and the comparison texts of all columns for each row of some keys. */
  async texts(
    keys: ReadonlySet<string>,
    each: (key: string, texts: readonly (string | null)[]) => void,
  ): Promise<void> {
    const rows = await this.engine.rows(textsSelect(await this.selected({ kind: 'keys', keys })))
    for (const [key, ...texts] of rows) each(String(key), texts.map(textOf))
  }

  /** The keys that changes since then have, at most `limit` of them. */
  async changedKeys(since: Since, limit: number): Promise<readonly string[]> {
    const changes = this.changesUpTo(this.asOf, since)
    const rows = await this.engine.rows(
      `SELECT DISTINCT ${keyTextOf(this.rows)} AS key FROM (${changes}) AS t LIMIT ${Number(limit)}`,
    )
    return rows.map(([key]) => String(key))
  }

  /** The last change of some keys that readers may be shown no row of; keys that the lake has nothing of are left out. */
  async lastChanges(keys: readonly string[]): Promise<ReadonlyMap<string, LastChange>> {
    await this.fillKeys(keys)
    const state = `SELECT ${keyTextOf(this.rows)} AS key, _op, _position, _lacking FROM (${lakeState(this.entry, this.root, this.asOf)}) AS t`
    const found =
      await this.engine.rows(`SELECT key, _op = 'delete', coalesce(len(CAST(_lacking AS VARCHAR[])), 0) > 0, _position
      FROM (${state}) SEMI JOIN wanted_keys USING (key)`)
    const last = new Map<string, LastChange>()
    for (const [key, isDeleted, isHeldBack, position] of found) {
      const shown = isHeldBack === true ? 'held back' : 'shown'
      last.set(String(key), { is: isDeleted === true ? 'deleted' : shown, position: String(position) })
    }
    /* Of a key that base has lost, or had no need to keep, history may know. */
    const rest = keys.filter((key) => !last.has(key))
    for (const [key, change] of await this.lastInHistory(rest)) last.set(key, change)
    return last
  }

  private async lastInHistory(keys: readonly string[]): Promise<ReadonlyMap<string, LastChange>> {
    if (keys.length === 0) return new Map()
    await this.fillKeys(keys)
    const changes = `SELECT ${keyTextOf(this.rows)} AS key, _op, _position FROM ${this.counted()} AS t WHERE _op <> 'refused'`
    const found = await this.engine.rows(`SELECT key, max_by(_op, _position) = 'delete', max(_position)
      FROM (${changes}) SEMI JOIN wanted_keys USING (key) GROUP BY key`)
    return new Map(
      found.map(([key, isDeleted, position]) => [
        String(key),
        { is: isDeleted === true ? 'deleted' : 'shown', position: String(position) },
      ]),
    )
  }

  /**
   * Of rows that the lake holds back the stretches of history in which what they lack was brought: of their key since it
   * was last deleted, or since the last refused change, and of the keys that they had before.
   */
  async livesOf(last: ReadonlyMap<string, LastChange>): Promise<ReadonlyMap<string, readonly Life[]>> {
    await this.engine.run('CREATE OR REPLACE TEMP TABLE gap_rows (key VARCHAR, position VARCHAR)')
    for (const values of batches([...last].map(([key, { position }]) => [key, position])))
      await this.engine.run(`INSERT INTO gap_rows VALUES ${values.join(', ')}`)
    const found = await this.engine.rows(livesSelect(this.turns(), 'gap_rows'))
    const lives = new Map<string, Life[]>()
    for (const [now, key, from, to] of found) {
      const known = lives.get(String(now)) ?? []
      known.push({ key: String(key), from: from === null ? this.floor : String(from), to: String(to) })
      lives.set(String(now), known)
    }
    return lives
  }

  /** Changes below it count no more; the empty text where none was set. */
  get floor(): string {
    return this.entry.floors.findLast(({ position }) => position <= this.asOf)?.position ?? ''
  }

  /** Of some keys those that changes since then have at or below a position. */
  async changedAmong(keys: readonly string[], to: Position, since: Since): Promise<readonly string[]> {
    if (keys.length === 0) return []
    await this.fillKeys(keys)
    const changed = `SELECT DISTINCT ${keyTextOf(this.rows)} AS key FROM (${this.changesUpTo(to, since)}) AS t`
    const found = await this.engine.rows(`SELECT key FROM (${changed}) SEMI JOIN wanted_keys USING (key)`)
    return found.map(([key]) => String(key))
  }

  /** The last load that history counts from, if the time when it began is known. */
  get loadedSince(): { readonly position: Position; readonly at: number } | undefined {
    const floor = this.entry.floors.findLast(({ position }) => position <= this.asOf)
    return floor?.since === undefined ? undefined : { position: floor.position, at: Date.parse(floor.since) }
  }

  /* Where lives of keys begin and end, once each; of a refused change and its later reading only that. */
  private turns(): string {
    const history = this.counted()
    const buried = this.counted(lakeTombstones(this.entry, this.root))
    return `SELECT key, _position, coalesce(max(_op) FILTER (WHERE _op <> 'refused'), 'refused') AS _op FROM (
      SELECT ${keyTextOf(this.rows)} AS key, _op, _position FROM ${history} AS t
      WHERE _op IN ('delete', 'refused') OR right(_position, 1) = '1' OR _position IN (SELECT _position FROM ${history} WHERE _op = 'refused')
      UNION ALL SELECT ${keyTextOf(this.rows)} AS key, _op, _position FROM ${buried} AS t) GROUP BY key, _position`
  }

  /* In brackets: the rows that count, of history unless told. */
  private counted(rows = lakeHistory(this.entry, this.root)): string {
    return `(SELECT * FROM (${rows}) WHERE _op <> 'truncate' AND _position <= ${literal(this.asOf)} AND _position >= ${literal(this.floor)})`
  }

  private changesUpTo(to: Position, since: Since): string {
    return `SELECT * FROM (${lakeHistory(this.entry, this.root)})
      WHERE _op <> 'truncate' AND _position <= ${literal(to)} AND ${sinceCondition(since)}`
  }

  private async fillKeys(keys: Iterable<string>): Promise<void> {
    await this.engine.run('CREATE OR REPLACE TEMP TABLE wanted_keys (key VARCHAR)')
    for (const values of batches([...keys].map((key) => [key])))
      await this.engine.run(`INSERT INTO wanted_keys VALUES ${values.join(', ')}`)
  }

  private async selected(selection: Selection): Promise<ComparedRows> {
    if (selection.kind === 'all') return this.rows
    if (selection.kind === 'buckets') return { ...this.rows, buckets: selection.buckets }
    await this.fillKeys(selection.keys)
    return { ...this.rows, keysIn: 'wanted_keys' }
  }
}

const BATCH_ROWS = 2_000

function* batches(rows: readonly (readonly string[])[]): Iterable<readonly string[]> {
  for (let at = 0; at < rows.length; at += BATCH_ROWS)
    yield rows.slice(at, at + BATCH_ROWS).map((row) => `(${row.map(literal).join(', ')})`)
}

function textOf(value: JsonValue): string | null {
  return value === null ? null : String(value)
}

/**
 * SELECT of `now`, `key`, `begins`, `ends`: for each row of `rows` (`key`, `position`) its life on the way back, and where that
 * began with a change of the key, the life of the key before, and so on. A life begins with a delete, with a refused
 * change or with a change of the key, whatever is the last; `begins` is null where nothing says so. `turns` selects
 * `key`, `_position`, `_op` of such changes, and may have others.
 */
function livesSelect(turns: string, rows: string): string {
  return `WITH RECURSIVE
    turns AS MATERIALIZED (${turns}),
    starts AS MATERIALIZED (SELECT key, _position FROM turns WHERE _op IN ('delete', 'refused') OR right(_position, 1) = '1'),
    moves AS MATERIALIZED (
      SELECT n.key AS entered_key, n._position AS entered, o.key AS left_key, o._position AS left_at
      FROM turns n JOIN turns o ON o._op = 'delete' AND o._position = left(n._position, 31) || '0'
      WHERE right(n._position, 1) = '1' AND n._op NOT IN ('delete', 'refused')),
    way AS (
      SELECT now, key, ends, begins FROM (
        SELECT g.key AS now, g.key, g.position AS ends, max(s._position) AS begins
        FROM ${rows} g LEFT JOIN starts s ON s.key = g.key AND s._position <= g.position
        GROUP BY g.key, g.position)
      UNION
      SELECT w.now, m.left_key, m.left_at,
        (SELECT max(s._position) FROM starts s WHERE s.key = m.left_key AND s._position < m.left_at)
      FROM way w JOIN moves m ON m.entered_key = w.key AND m.entered = w.begins
    )
    SELECT now, key, begins, ends FROM way`
}
