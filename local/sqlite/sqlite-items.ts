import type { StatementSyncInstance } from '@photostructure/sqlite'
import * as z from 'zod'
import { type FailureCode, PipelineError } from '../../core/failures/failures.ts'
import type {
  ConditionalWrite,
  FedItem,
  Item,
  ItemChange,
  ItemCondition,
  ItemFeed,
  ItemKey,
  ItemRange,
  ItemShape,
  ItemTable,
  ItemTransactions,
  ItemWrite,
} from '../../core/ports/item-table.ts'
import { sqliteFailure } from './sqlite-failure.ts'
import type { SqliteFile, SqliteTable } from './sqlite-file.ts'
import { checkKey, type FoundItem, foundItem, itemOfRow, type StoredItem, storedItem } from './stored-item.ts'

/** What a table's failures are called. */
export interface ItemCodes {
  readonly unavailable: FailureCode
  readonly damaged: FailureCode
}

/** A table within a transaction: what `find` gives and `write` does is of that moment. */
export interface ItemsInside {
  find(key: ItemKey): Item | undefined
  write(write: ItemWrite): void
}

/** An item that may be another than was written. */
export type FoundText = ItemKey & { readonly attributes: string; readonly bytes?: Buffer }

/* SQLite takes a value of any size: nothing is cut, nothing is spread. */
const SHAPE: ItemShape = {
  inlineBytes: Number.MAX_SAFE_INTEGER,
  spread: 1,
  callsAtOnce: 256,
  isVerified: true,
}
const CHUNK_BYTES = 1 << 20
const CHUNK_ITEMS = 500
const offset = z.object({ seq: z.number().int() })
const KEYS = 'seq, pk, sk, attributes, digest, bytes_name AS bytesName, bytes_digest AS bytesDigest'

/** Items in a table of a SQLite file. Keeps the guarantees of its ports, with one writing process. */
export class SqliteItems implements ItemTable, ItemFeed, ItemTransactions {
  readonly shape = SHAPE
  private readonly file: SqliteFile
  private readonly table: SqliteTable
  private readonly codes: ItemCodes
  private readonly statements = new Map<string, StatementSyncInstance>()

  constructor(file: SqliteFile, table: SqliteTable, codes: ItemCodes) {
    this.file = file
    this.table = table
    this.codes = codes
  }

  get path(): string {
    return this.file.path
  }

  async write(writes: readonly ItemWrite[]): Promise<void> {
    if (writes.length === 0) return
    const steps = writes.map((one) => this.stepOf(one))
    await this.commit(() => {
      for (const step of steps) step()
    })
  }

  writeSpread(writes: readonly ItemWrite[]): Promise<void> {
    return this.write(writes)
  }

  async transact(writes: readonly ConditionalWrite[]): Promise<boolean> {
    const steps = writes.map((one) => this.stepOf(one))
    return this.commit(() => {
      const isHeld = writes.every(
        (one) =>
          one.conditions === undefined ||
          anyHolds(one.conditions, this.find(one.kind === 'put' ? one.item : one.key)),
      )
      if (isHeld) for (const step of steps) step()
      return isHeld
    })
  }

  /** Does work in one transaction; what it throws undoes it. It may use other tables of the file, by `inside`. */
  atomically<T>(work: (items: ItemsInside) => T): Promise<T> {
    return this.commit(() => work(this.inside))
  }

  /** This table for a transaction that is under way: not for use outside of one. */
  readonly inside: ItemsInside = {
    find: (key) => this.find(key),
    write: (write) => this.stepOf(write)(),
  }

  /** An item as it is at this moment. */
  peek(key: ItemKey): Item | undefined {
    return this.asked(() => this.find(key))
  }

  async putIf(item: Item, conditions: readonly ItemCondition[]): Promise<boolean> {
    const stored = storedItem(item)
    return this.commit(() => {
      const isHeld = anyHolds(conditions, this.find(item))
      if (isHeld) this.insert(stored)
      return isHeld
    })
  }

  async changeIf(
    key: ItemKey,
    { set, remove }: ItemChange,
    conditions: readonly ItemCondition[],
  ): Promise<boolean> {
    checkKey(key)
    return this.commit(() => {
      const known = this.find(key)
      const isHeld = anyHolds(conditions, known)
      if (isHeld) {
        const kept = Object.entries(known ?? {}).filter(([name]) => !remove.includes(name))
        this.insert(storedItem({ ...Object.fromEntries(kept), ...set, pk: key.pk, sk: key.sk }))
      }
      return isHeld
    })
  }

  async deleteIf(key: ItemKey, conditions: readonly ItemCondition[]): Promise<boolean> {
    checkKey(key)
    return this.commit(() => {
      const isHeld = anyHolds(conditions, this.find(key))
      if (isHeld) this.delete(key)
      return isHeld
    })
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    return this.asked(() => this.find(key))
  }

  async *range(pk: string, range: ItemRange = {}): AsyncGenerator<Item> {
    const { order = 'up', prefix = '', isBrief = false } = range
    let last: string | undefined
    for (;;) {
      const after = last
      const rows = this.asked(() => this.chunk(pk, range, after))
      for (const row of rows) {
        if (row.sk.startsWith(prefix)) yield this.itemOf(row, isBrief)
        else if (order === 'up') return
      }
      last = rows.at(-1)?.sk
      if (last === undefined) return
    }
  }

  /** `isBrief`: without bytes, which are not looked at then. */
  async after(offset: number, most: number, isBrief = false): Promise<readonly FedItem[]> {
    return this.asked(() => {
      const sql = `${this.select(isBrief)} WHERE seq > ? ORDER BY seq LIMIT ?`
      const rows = this.prepared(sql).all(offset, most)
      return rows.map(this.rowOf).map((row) => ({ offset: row.seq, item: this.itemOf(row, isBrief) }))
    })
  }

  /** The offset of the newest item of the feed; 0 before the first. */
  get newest(): number {
    const sql = `SELECT coalesce(max(seq), 0) AS seq FROM ${this.table}`
    return this.asked(() => offset.parse(this.prepared(sql).get()).seq)
  }

  /** The highest offset that was ever given, whether its item is still there or not. */
  get given(): number {
    const sql = `SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = ?`
    return this.asked(() => offset.parse(this.prepared(sql).get(this.table)).seq)
  }

  /** The offset of an item; undefined when there is none. */
  offsetOf({ pk, sk }: ItemKey): number | undefined {
    const sql = `SELECT seq FROM ${this.table} WHERE pk = ? AND sk = ?`
    return this.asked(() => offset.optional().parse(this.prepared(sql).get(pk, sk)))?.seq
  }

  /** Every item, in the order of its last change; without bytes, which are not looked at then. */
  async *every(isBrief: boolean): AsyncGenerator<Item> {
    for await (const row of this.rows(isBrief)) yield this.itemOf(row, isBrief)
  }

  /** Reads every item. Gives the keys of those that are not what was written. */
  async *damaged(): AsyncGenerator<ItemKey> {
    for await (const row of this.rows(false))
      if (itemOfRow(row, false) === undefined) yield { pk: row.pk, sk: row.sk }
  }

  /** Items as they are, whole or not, their attributes as JSON; without bytes. */
  async *asFound(): AsyncGenerator<FoundText> {
    for await (const { pk, sk, attributes } of this.rows(true)) yield { pk, sk, attributes }
  }

  /** Every item in key order, all of them as they are at one moment: whoever takes them awaits nothing in between. */
  *snapshot(): Generator<Item> {
    try {
      const rows = this.prepared(`${this.select()} ORDER BY pk, sk`).iterate()
      for (const row of rows) yield this.itemOf(this.rowOf(row))
    } catch (error) {
      throw sqliteFailure(error, this.file.path, this.codes.unavailable)
    }
  }

  /** An item as it is, whole or not; undefined when there is none. */
  found({ pk, sk }: ItemKey): FoundText | undefined {
    const row = this.asked(() => this.prepared(`${this.select()} WHERE pk = ? AND sk = ?`).get(pk, sk))
    if (row === undefined) return undefined
    const { attributes, bytes } = this.rowOf(row)
    return { pk, sk, attributes, ...(bytes === null ? {} : { bytes: Buffer.from(bytes) }) }
  }

  /** Takes every item away, whole or not, and puts these in their place. */
  async replaceAll(items: readonly Item[]): Promise<void> {
    await this.commit(() => {
      this.prepared(`DELETE FROM ${this.table}`).run()
      for (const item of items) this.insert(storedItem(item))
    })
  }

  private async *rows(isBrief: boolean): AsyncGenerator<FoundItem> {
    const sql = `${this.select(isBrief)} WHERE seq > ? ORDER BY seq LIMIT ?`
    for (let last = 0; ; ) {
      const behind = last
      const rows = this.asked(() => this.bounded(this.prepared(sql).iterate(behind, CHUNK_ITEMS)))
      yield* rows
      const end = rows.at(-1)
      if (end === undefined) return
      last = end.seq
    }
  }

  private stepOf(write: ItemWrite): () => void {
    if (write.kind === 'put') {
      const stored = storedItem(write.item)
      return () => this.insert(stored)
    }
    checkKey(write.key)
    return () => this.delete(write.key)
  }

  private chunk(pk: string, range: ItemRange, last: string | undefined): readonly FoundItem[] {
    const { from = range.prefix ?? '', to, order = 'up', having, atOnce = CHUNK_ITEMS, isBrief } = range
    const conditions: readonly (readonly [sql: string, ...values: readonly string[]])[] = [
      ['pk = ?', pk],
      last !== undefined && order === 'up' ? ['sk > ?', last] : ['sk >= ?', from],
      ...(to === undefined ? [] : [['sk <= ?', to] as const]),
      ...(last !== undefined && order === 'down' ? [['sk < ?', last] as const] : []),
      ...(having === undefined ? [] : [['attributes ->> ? >= ?', having.name, having.atLeast] as const]),
    ]
    const where = conditions.map(([sql]) => sql).join(' AND ')
    const sql = `${this.select(isBrief)} WHERE ${where} ORDER BY sk ${order === 'up' ? 'ASC' : 'DESC'} LIMIT ?`
    const values = conditions.flatMap(([, ...each]) => each)
    return this.bounded(this.prepared(sql).iterate(...values, atOnce))
  }

  /* Rows of 1 MB, or one that is larger. */
  private bounded(found: Iterable<unknown>): readonly FoundItem[] {
    const rows: FoundItem[] = []
    let bytes = 0
    for (const each of found) {
      const row = this.rowOf(each)
      rows.push(row)
      bytes += row.attributes.length + (row.bytes?.length ?? 0)
      if (bytes >= CHUNK_BYTES) break
    }
    return rows
  }

  private find(key: ItemKey): Item | undefined {
    const row = this.prepared(`${this.select()} WHERE pk = ? AND sk = ?`).get(key.pk, key.sk)
    return row === undefined ? undefined : this.itemOf(this.rowOf(row))
  }

  /* What is there already feeds nothing. */
  private insert(item: StoredItem): void {
    const known = `SELECT digest FROM ${this.table} WHERE pk = ? AND sk = ? AND digest = ?`
    if (this.prepared(known).get(item.pk, item.sk, item.digest) !== undefined) return
    this.prepared(
      `INSERT OR REPLACE INTO ${this.table} (pk, sk, attributes, digest, bytes_name, bytes_digest, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(...[item.pk, item.sk, item.attributes, item.digest, item.bytesName, item.bytesDigest, item.bytes])
  }

  private delete({ pk, sk }: ItemKey): void {
    this.prepared(`DELETE FROM ${this.table} WHERE pk = ? AND sk = ?`).run(pk, sk)
  }

  private select(isBrief = false): string {
    return `SELECT ${KEYS}, ${isBrief ? 'NULL AS bytes' : 'bytes'} FROM ${this.table}`
  }

  private prepared(sql: string): StatementSyncInstance {
    const known = this.statements.get(sql) ?? this.file.db.prepare(sql)
    this.statements.set(sql, known)
    return known
  }

  private readonly rowOf = (row: unknown): FoundItem => {
    const found = foundItem(row)
    if (found === undefined) throw this.damage('an item')
    return found
  }

  private itemOf(row: FoundItem, isBrief = false): Item {
    const item = itemOfRow(row, isBrief)
    if (item === undefined) throw this.damage(`${row.pk} ${row.sk}`)
    return item
  }

  private damage(name: string): PipelineError {
    const message = `${this.file.path}, ${this.table}: ${name} is not what was written`
    return new PipelineError(this.codes.damaged, message)
  }

  private asked<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw sqliteFailure(error, this.file.path, this.codes.unavailable)
    }
  }

  private async commit<T>(work: () => T): Promise<T> {
    try {
      return await this.file.commit(work)
    } catch (error) {
      throw sqliteFailure(error, this.file.path, this.codes.unavailable)
    }
  }
}

function anyHolds(conditions: readonly ItemCondition[], item: Item | undefined): boolean {
  return conditions.some((condition) => {
    if (condition.kind === 'absent') return item === undefined
    const value = item?.[condition.name]
    if (condition.kind === 'equal') return value === condition.value
    return typeof value === 'number' && value < condition.value
  })
}
