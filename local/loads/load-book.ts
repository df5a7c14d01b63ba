import type { Load, LoadLedger, TableLoad } from '../../core/load/load.ts'
import { Mutex } from '../../core/mutex.ts'
import { loadOf } from '../../ingest/loads/list-of-loads.ts'

/**
 * Every load of a folder in memory, and durable in the ledger: what `keep` was given is on disk when it resolves. Saves
 * reach the ledger one after another, in the order they were asked for.
 */
export class LoadBook {
  private readonly ledger: LoadLedger
  private readonly known = new Map<string, Load>()
  private readonly saves = new Mutex()

  private constructor(ledger: LoadLedger, loads: readonly Load[]) {
    this.ledger = ledger
    for (const load of loads) this.known.set(load.id, load)
  }

  static async open(ledger: LoadLedger): Promise<LoadBook> {
    return new LoadBook(ledger, await ledger.all())
  }

  /** In the order they were started. */
  all(): readonly Load[] {
    return [...this.known.values()]
  }

  /** Throws `load/not-found`. */
  load(id: string): Load {
    return this.known.get(id) ?? loadOf(id, [])
  }

  table(id: string, name: string): TableLoad {
    const found = this.load(id).tables.find(({ table }) => table === name)
    if (found === undefined) throw new RangeError('a table of another load')
    return found
  }

  /** A load that is new is known at once, so that no other one takes its tables; if it cannot be saved, it never was. */
  async keep(load: Load): Promise<void> {
    const isNew = !this.known.has(load.id)
    this.known.set(load.id, load)
    try {
      await this.save(load)
    } catch (error) {
      if (isNew) this.known.delete(load.id)
      throw error
    }
  }

  /** A step that cannot be saved was not taken. */
  async keepTable(id: string, table: TableLoad): Promise<void> {
    const before = this.table(id, table.table)
    this.show(id, table)
    try {
      await this.save(this.load(id))
    } catch (error) {
      if (this.table(id, table.table) === table) this.show(id, before)
      throw error
    }
  }

  /** Progress that nothing depends on: in memory only. */
  show(id: string, table: TableLoad): void {
    const load = this.load(id)
    const tables = load.tables.map((known) => (known.table === table.table ? table : known))
    this.known.set(id, { ...load, tables })
  }

  private save(load: Load): Promise<void> {
    return this.saves.run(() => this.ledger.save(load))
  }
}
