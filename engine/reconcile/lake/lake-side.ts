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
import { heldBackRows, lakeHistory, lakeRows } from './lake-rows.ts'
import { type Since, sinceCondition } from './since.ts'

/** A row of the lake by its key and the position of its last change; null when the lake shows none of that key. */
export interface LakeRowName {
  readonly key: string
  readonly position: Position | null
}

/** The lake's rows of one table as of one position, asked in DuckDB; tables that it makes there are replaced by the next. */
export class LakeSide {
  private readonly engine: SqlEngine
  private readonly entry: CatalogEntry
  private readonly root: string
  readonly asOf: Position
  private readonly rows: ComparedRows

  constructor(
    engine: SqlEngine,
    options: {
      readonly entry: CatalogEntry
      readonly columns: SourceColumns
      /** Folder that holds `lake/`. */
      readonly root: string
      readonly asOf: Position
    },
  ) {
    const { entry, columns, root, asOf } = options
    this.engine = engine
    this.entry = entry
    this.root = root
    this.asOf = asOf
    this.rows = {
      keys: columns.keys.map(({ lake }) => lake),
      columns: columns.columns.map(({ lake }) => lake),
      relation: `(${lakeRows(entry, root, asOf)}) AS t`,
    }
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

  /** Fills the table `lake_side` with key, digest, position and has_absent of the selected rows. */
  async fillDigests(selection: Selection): Promise<void> {
    const more = ['_position AS position', 'coalesce(len(_absent), 0) > 0 AS has_absent']
    const select = digestSelect(await this.selected(selection), more)
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

  /**
   * Of rows that lack columns by what history has at their positions, or that the lake holds back for that, their keys and
   * those that they had before: their values are healed from changes that may have been those of another key.
   */
  async formerKeys(rows: readonly LakeRowName[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const history = `(${lakeHistory(this.entry, this.root)})`
    await this.engine.run('CREATE OR REPLACE TEMP TABLE gap_rows (key VARCHAR, position VARCHAR)')
    for (const values of batches(rows.map(({ key, position }) => [key, position ?? ''])))
      await this.engine.run(`INSERT INTO gap_rows VALUES ${values.join(', ')}`)
    const moves = `SELECT ${keyTextOf(this.rows)} AS key, _op, _position FROM ${history} AS t
      WHERE _position <= ${literal(this.asOf)} AND (_op = 'delete' OR right(_position, 1) = '1')`
    const heldBack = rows.some(({ position }) => position === null)
      ? ` UNION SELECT key FROM (SELECT ${keyTextOf(this.rows)} AS key FROM (${heldBackRows(this.entry, this.root, this.asOf)}) AS t) SEMI JOIN gap_rows USING (key)`
      : ''
    const found = await this.engine.rows(`WITH RECURSIVE
      halves AS MATERIALIZED (${moves}),
      gaps AS (SELECT g.key FROM gap_rows g JOIN ${history} AS h ON h._position = g.position AND len(h._absent) > 0${heldBack}),
      way AS (
        SELECT key AS now, key FROM gaps
        UNION
        SELECT w.now, o.key FROM way w
        JOIN halves n ON n.key = w.key AND right(n._position, 1) = '1' AND n._op <> 'delete'
        JOIN halves o ON o._op = 'delete' AND o._position = left(n._position, 31) || '0'
      )
      SELECT now, list(key) FROM way GROUP BY now`)
    return new Map(found.map(([now, keys]) => [String(now), Array.isArray(keys) ? keys.map(String) : []]))
  }

  /** Of some keys those whose rows the lake holds back, for nothing in it has all of them. */
  async heldBack(keys: readonly string[]): Promise<readonly string[]> {
    await this.fillKeys(keys)
    const held = `SELECT ${keyTextOf(this.rows)} AS key FROM (${heldBackRows(this.entry, this.root, this.asOf)}) AS t`
    const found = await this.engine.rows(`SELECT key FROM (${held}) SEMI JOIN wanted_keys USING (key)`)
    return found.map(([key]) => String(key))
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
