import { PipelineError } from '../../core/failures/failures.ts'
import type { SourceTotals } from '../../core/ledger/ledger-balance.ts'
import { type Page, type PageName, pageOfKey } from '../../core/page.ts'
import { type Item, put } from '../../core/ports/item-table.ts'
import type { Position } from '../../core/position.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { pageItem, partitionsOf, placeOfPage } from '../../state/raw-store/page-item.ts'
import type { FoundText, SqliteItems } from '../sqlite/sqlite-items.ts'

/** The tables of a state file that raw pages, and sums over them, lie in. */
export interface RawItems {
  readonly raw: SqliteItems
  readonly ledger: SqliteItems
}

/** A page, and its place in the feed. */
export interface FedPage {
  readonly offset: number
  readonly page: Page
}

export interface FedHeader {
  readonly offset: number
  readonly page: PageName
}

const NOTHING: SourceTotals = { changes: 0, through: null }
const BATCH = 1_000
/* Sums over the pages of each source table, beside the ledger's own. */
const CAPTURED = 'captured'

/**
 * The raw store in the state file of a run folder; its feed is that of format (DynamoDB Streams on AWS). Sums over the pages
 * of each source table are written with them. Keeps the guarantees of `RawStore`. Memory: the sums.
 */
export class FolderRawStore extends ItemRawStore {
  private readonly items: SqliteItems
  private readonly sums: SqliteItems
  private readonly totals = new Map<string, SourceTotals>()
  private waiting: (() => void)[] = []
  private end: number

  private constructor({ raw, ledger }: RawItems) {
    super({ table: raw, retentionDays: null })
    this.items = raw
    this.sums = ledger
    this.end = raw.newest
  }

  /** In a state file that somebody else closes. */
  static async in(state: RawItems): Promise<FolderRawStore> {
    const store = new FolderRawStore(state)
    for await (const item of state.ledger.range(CAPTURED)) store.totals.set(item.sk, totalsOf(item))
    return store
  }

  /** One whose key is there stays as it is. */
  override async put(pages: readonly Page[]): Promise<void> {
    if (pages.length === 0) return
    const items = pages.map((page) => ({ page, item: pageItem(page, this.table.shape, null) }))
    const sums = await this.items.atomically(({ write }) => {
      const more = new Map<string, SourceTotals>()
      const { find, write: writeSum } = this.sums.inside
      for (const { page, item } of items) {
        if (this.items.offsetOf(item) !== undefined) continue
        write(put(item))
        const key = { pk: CAPTURED, sk: page.table }
        more.set(page.table, withPage(more.get(page.table) ?? totalsOf(find(key)), page))
      }
      for (const [table, sum] of more) writeSum(capturedItem(table, sum))
      return more
    })
    for (const [table, sum] of sums) this.totals.set(table, sum)
    this.end = this.items.newest
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** Place in the feed of the newest page; 0 before the first. */
  get length(): number {
    return this.end
  }

  /** The highest place of the feed that a page ever had. */
  get given(): number {
    return this.items.given
  }

  /** The page behind a place of the feed; undefined at its end. Throws `raw/corrupt` when it is not what was written. */
  async next(offset: number): Promise<FedPage | undefined> {
    const [fed] = await this.items.after(offset, 1)
    return fed === undefined ? undefined : { offset: fed.offset, page: await this.page(fed.item) }
  }

  /** Pages of a table, from the last one back. */
  async *newestFirst(table: string): AsyncGenerator<Page> {
    for (const partition of partitionsOf(table, this.table.shape))
      for await (const item of this.items.range(partition, { order: 'down' })) yield await this.page(item)
  }

  /** What the pages behind a place of the feed say of themselves. */
  async *headers(offset: number): AsyncGenerator<FedHeader> {
    for (let last = offset; ; ) {
      const fed = await this.items.after(last, BATCH, true)
      for (const { offset: at, item } of fed) {
        const page = pageOfKey(`${item['table']}#${item.sk}`)
        if (page !== undefined) yield { offset: at, page }
      }
      const end = fed.at(-1)?.offset
      if (end === undefined) return
      last = end
    }
  }

  tables(): Iterable<string> {
    return this.totals.keys()
  }

  captured(source: string): SourceTotals {
    return this.totals.get(source) ?? NOTHING
  }

  /** Changes captured of each source table; a redelivered change counts again. */
  changesByTable(): ReadonlyMap<string, number> {
    return new Map([...this.totals].map(([table, { changes }]) => [table, changes]))
  }

  /** Makes the sums anew of the pages. */
  async recount(): Promise<void> {
    const sums = new Map<string, SourceTotals>()
    for await (const { page } of this.headers(0))
      sums.set(page.table, withPage(sums.get(page.table) ?? NOTHING, page))
    await this.sums.write([...sums].map(([table, sum]) => capturedItem(table, sum)))
    for (const [table, sum] of sums) this.totals.set(table, sum)
  }

  /** The highest position of any table; undefined before the first page. */
  get highest(): Position | undefined {
    let highest: Position | undefined
    for (const { through } of this.totals.values())
      if (through !== null && (highest === undefined || through > highest)) highest = through
    return highest
  }

  /** Changes by source table of the pages behind a place of the feed. */
  async changesBehind(offset: number): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>()
    for await (const { page } of this.headers(offset))
      sums.set(page.table, (sums.get(page.table) ?? 0) + page.changes)
    return sums
  }

  offsetOf(key: string): number | undefined {
    const page = pageOfKey(key)
    return page === undefined ? undefined : this.items.offsetOf(placeOfPage(page, this.table.shape))
  }

  /** Reads every page. Gives the names of those that are not what was written. */
  async *damaged(): AsyncGenerator<PageName> {
    for await (const { pk, sk } of this.items.damaged()) {
      const page = pageOfKey(`${pk.slice(0, pk.lastIndexOf('#'))}#${sk}`)
      if (page !== undefined) yield page
    }
  }

  /** Whether a page is there, and is what was written. */
  async isWhole(key: string): Promise<boolean> {
    try {
      const item = await this.find(key)
      return item !== undefined && (await this.page(item)) !== undefined
    } catch (error) {
      if (error instanceof PipelineError && error.code === 'raw/corrupt') return false
      throw error
    }
  }

  /** What is there of a page, whole or not. */
  asFound(key: string): FoundText | undefined {
    const page = pageOfKey(key)
    return page === undefined ? undefined : this.items.found(placeOfPage(page, this.table.shape))
  }

  /** Takes a page out. `isCounted`: format has counted its changes, so they stay captured. */
  async takeOut(key: string, { isCounted }: { readonly isCounted: boolean }): Promise<void> {
    const page = pageOfKey(key)
    if (page === undefined) return
    const place = placeOfPage(page, this.table.shape)
    const sum = await this.items.atomically(({ write }) => {
      if (this.items.offsetOf(place) === undefined) return undefined
      write({ kind: 'delete', key: place })
      if (isCounted) return undefined
      const { find, write: writeSum } = this.sums.inside
      const { changes, through } = totalsOf(find({ pk: CAPTURED, sk: page.table }))
      const left = { changes: changes - page.changes, through }
      writeSum(capturedItem(page.table, left))
      return left
    })
    if (sum !== undefined) this.totals.set(page.table, sum)
    this.end = this.items.newest
  }

  /** Resolves at the next `put`, or when the signal ends the wait. */
  grown(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      this.waiting.push(wake)
    })
  }
}

function withPage({ changes, through }: SourceTotals, page: PageName): SourceTotals {
  const reached = through === null || page.lastPosition > through ? page.lastPosition : through
  return { changes: changes + page.changes, through: reached }
}

function capturedItem(sk: string, { changes, through }: SourceTotals) {
  return put({ pk: CAPTURED, sk, changes, ...(through === null ? {} : { through }) })
}

function totalsOf(item: Item | undefined): SourceTotals {
  const through = item?.['through']
  return { changes: Number(item?.['changes'] ?? 0), through: typeof through === 'string' ? through : null }
}
