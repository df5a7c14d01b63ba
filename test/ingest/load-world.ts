import type { Load, TableLoad } from '../../core/load/load.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'
import type { FileLanding } from '../../ingest/loads/table-steps.ts'

export const TABLE = 'w.shops'
const START = Date.parse('2026-11-23T10:00:00Z')

/** A file of the source's rows, and what its landing tells where that is another thing; `aside` when it cannot land. */
export interface WorldFile {
  readonly rows: number
  readonly told?: Partial<FileLanding> | 'aside'
}

/**
 * What a load of one table goes through: its ledger, landing prefix, landing and floors. Every call of it may be the last one of
 * whoever goes on with the load: from then on each fails, until `revive`.
 */
export class LoadWorld {
  readonly files: readonly WorldFile[]
  /** Rows that whoever reads the source counts. */
  readonly rows: number
  readonly isReadable: boolean
  saved: Load = newLoad({ id: 'l1', tables: [TABLE], window: null }, [], START)
  /** What became durable, in order: states of the table, and `floor`. */
  readonly steps: string[] = []
  readonly floors: string[] = []
  readonly present = new Set<string>()
  now = START
  private left = Number.POSITIVE_INFINITY

  constructor({
    files,
    rows = files.reduce((sum, file) => sum + file.rows, 0),
    isReadable = true,
  }: { readonly files: readonly WorldFile[]; readonly rows?: number; readonly isReadable?: boolean }) {
    this.files = files
    this.rows = rows
    this.isReadable = isReadable
  }

  /** Whoever comes next has so many calls. */
  revive(calls = Number.POSITIVE_INFINITY): void {
    this.left = calls
  }

  get isDead(): boolean {
    return this.left < 0
  }

  async call<T>(work: () => T): Promise<T> {
    this.left -= 1
    if (this.isDead) throw new Error('dead')
    return work()
  }

  get table(): TableLoad | undefined {
    return this.saved.tables[0]
  }

  save(load: Load): Promise<void> {
    return this.call(() => {
      this.saved = load
      this.steps.push(...load.tables.map(({ state }) => state))
    })
  }

  addFloor(position: string): Promise<void> {
    return this.call(() => {
      this.floors.push(position)
      this.steps.push('floor')
    })
  }

  list(): Promise<readonly string[]> {
    return this.call(() => [...this.present].toSorted())
  }

  /** What the landing of a file tells; undefined when it is set aside. */
  landing(index: number): FileLanding | undefined {
    const { rows = 0, told = {} } = this.files[index] ?? {}
    if (told === 'aside') return undefined
    const key = keyOf(index)
    const counts = { landed: { 'w.shops v1': rows - 1 }, refused: { 'w.shops v1': 1 } }
    return { key, rows, ...counts, history: [`history of ${key}`], ...told }
  }

  /** Rows of history files, by their footers. */
  rowsIn(history: readonly string[]): Promise<number> {
    const landings = this.files.flatMap((_, index) => this.landing(index) ?? [])
    const found = landings.filter((one) => one.history.some((key) => history.includes(key)))
    return this.call(() =>
      found.flatMap(({ landed }) => Object.values(landed)).reduce((sum, rows) => sum + rows, 0),
    )
  }
}

export function keyOf(index: number): string {
  return `landing/loads/l1/w/shops/LOAD0000000${index + 1}.parquet`
}
