import { isSameOrNone } from '../../core/contract/language/table-version.ts'
import {
  type FilteredRecords,
  type LandedObject,
  type LedgerLine,
  type ManifestDay,
  type ManifestFile,
  type NamedBlock,
  type PageRecord,
  type ReplayedPages,
  totalsKey,
} from '../../core/ledger/ledger.ts'
import {
  type Balance,
  type BalanceOf,
  balancesOf,
  type LedgerBooks,
  type SourceTotals,
} from '../../core/ledger/ledger-balance.ts'
import { type ItemWrite, put } from '../../core/ports/item-table.ts'
import type { Clock } from '../../core/ports/ports.ts'
import { ItemLedger, type LedgerStep } from '../../state/ledger/item-ledger.ts'
import { landedItem, placeInLedger } from '../../state/ledger/ledger-item.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import type { SqliteItems } from '../sqlite/sqlite-items.ts'
import {
  addSum,
  type Fold,
  foldAside,
  foldDelivered,
  foldLanded,
  foldLoadFile,
  foldPage,
  foldRedriven,
  foldReplayed,
} from './fold-ledger.ts'
import { type LedgerMark, LiveBooks } from './live-books.ts'
import { CHECKPOINT, DELIVERED, deliveredOf, LOST, sumOf } from './live-items.ts'

/** The pages that capture has stored, as sums, and their feed. */
export interface CapturedPages {
  /** Offset of the newest page. */
  readonly length: number
  /** Source tables that have pages. */
  tables(): Iterable<string>
  captured(source: string): SourceTotals
  /** Changes by source table of the pages behind an offset. */
  changesBehind(offset: number): Promise<ReadonlyMap<string, number>>
  /** Undefined for a page that is not there. */
  offsetOf(page: string): number | undefined
}

export interface FolderLedgerOptions {
  readonly items: SqliteItems
  readonly raw: CapturedPages
  readonly now?: Clock
}

const NOTHING: FilteredRecords = { control: {}, bookkeeping: 0 }

/**
 * The ledger of a run folder: the items of every ledger, and with each of them, in one transaction, sums over what is settled
 * and what is not settled one by one. So the balance of every table is there at any moment, and after a crash it is that of
 * what is durable. Keeps the guarantees of `Ledger`, with one writing process. Memory: as `LiveBooks`.
 */
export class FolderLedger extends ItemLedger {
  /** Everything that is written down, in the order of its keys. */
  readonly records: LedgerReader
  protected override readonly notesObjects = false
  private readonly items: SqliteItems
  private readonly raw: CapturedPages
  private readonly live: LiveBooks
  /** Changes by source table that format had passed over when this was opened. */
  private readonly passed: Map<string, number>
  private filtered = NOTHING

  private constructor(
    { items, raw, now = Date.now }: FolderLedgerOptions,
    live: LiveBooks,
    passed: Map<string, number>,
  ) {
    super({ table: items, rawDays: null, now })
    this.items = items
    this.records = new LedgerReader(items)
    this.raw = raw
    this.live = live
    this.passed = passed
  }

  /** Writes nothing. Throws `ledger/corrupt` for an item that is not what was written. */
  static async open(options: FolderLedgerOptions): Promise<FolderLedger> {
    const { items, raw } = options
    const live = await LiveBooks.read(items)
    const behind = await raw.changesBehind(live.checkpoint)
    const passed = new Map<string, number>()
    for (const table of raw.tables()) {
      const unformatted = raw.captured(table).changes - live.formatted(table).changes
      passed.set(table, unformatted - (behind.get(table) ?? 0))
    }
    return new FolderLedger(options, live, passed)
  }

  /** Offset in the feed of the last page that format is done with. */
  get checkpoint(): number {
    return this.live.checkpoint
  }

  /** It is gone, and is to be made again of the rest of the folder. */
  get isLost(): boolean {
    return this.live.isLost
  }

  /** Where format was when it was lost; undefined where nobody knows. */
  get lostCheckpoint(): number | undefined {
    return this.live.lostCheckpoint
  }

  /** It is whole again, and format goes on behind `checkpoint`. */
  rebuilt(checkpoint: number): Promise<void> {
    return this.commit((fold) => {
      fold.write(put({ ...CHECKPOINT, pages: checkpoint }))
      fold.write({ kind: 'delete', key: LOST })
    })
  }

  get bookkeeping(): number {
    return this.live.bookkeeping
  }

  /** A page that format had passed over counts as recorded from now on. */
  override async formatted(pages: readonly PageRecord[]): Promise<void> {
    if (pages.length === 0) return
    const { checkpoint, raw } = this
    const passed = pages.filter(({ page }) => {
      const place = placeInLedger(page, this.table.shape)
      const isKnown = place === undefined || this.items.peek(place) !== undefined
      return !isKnown && (raw.offsetOf(page) ?? Number.POSITIVE_INFINITY) <= checkpoint
    })
    await this.passTo(undefined, pages)
    for (const { table, changes } of passed) this.passed.set(table, (this.passed.get(table) ?? 0) - changes)
  }

  /** Pages that format has recorded, and with them how far it is. */
  passTo(checkpoint: number | undefined, pages: readonly PageRecord[]): Promise<void> {
    return this.commit((fold) => {
      for (const page of pages) foldPage(fold, page)
      if (checkpoint !== undefined) fold.write(put({ ...CHECKPOINT, pages: checkpoint }))
    })
  }

  override delivered(object: string, blocks: readonly NamedBlock[]): Promise<void> {
    return blocks.length === 0
      ? Promise.resolve()
      : this.commit((fold) => foldDelivered(fold, object, blocks))
  }

  /* One by one: within a transaction each is asked for whether it is there (`foldPage`). */
  protected override marksOf({ blocks }: LandedObject): readonly ItemWrite[] {
    const { more } = this.stamp()
    return blocks.flatMap((block) => landedItem(block, more, this.table.shape) ?? [])
  }

  /** Counts records that are no changes. They are written down with the next line; a crash may forget the last ones. */
  noteFiltered(control: string | null, bookkeeping: number): void {
    this.addFiltered({ control: control === null ? {} : { [control]: 1 }, bookkeeping })
  }

  private addFiltered({ control, bookkeeping }: FilteredRecords): void {
    const sums = { ...this.filtered.control }
    for (const [table, count] of Object.entries(control)) sums[table] = (sums[table] ?? 0) + count
    this.filtered = { control: sums, bookkeeping: this.filtered.bookkeeping + bookkeeping }
  }

  /** Begins a round of landing. */
  mark(): LedgerMark {
    return this.live.mark()
  }

  /** At the end of a round of landing that began at `mark`. */
  caughtUp(mark: LedgerMark): void {
    this.live.caughtUp(mark)
  }

  /** Every change of the page is accounted for, and it has become a sum. */
  isBalanced(page: string): boolean {
    if (this.live.isOpen(page)) return false
    const place = placeInLedger(page, this.table.shape)
    return place !== undefined && this.items.peek(place) !== undefined
  }

  /** Reads no file: what is known now. Asked for many tables, `balances` looks through what is open once. */
  balance(of: BalanceOf): Balance {
    return this.balances()(of)
  }

  balances(): (of: BalanceOf) => Balance {
    const { live, raw } = this
    const books: LedgerBooks = {
      contract: (key) => live.contract(key),
      formatted: (source) => live.formatted(source),
      control: (source) => live.control(source),
      loads: (contract) => live.loads(contract),
      openPages: () => live.openPages(),
      aside: live.aside,
      lostRedrives: live.lostRedrives,
      captured: (source) => raw.captured(source),
      passedOver: (source) => this.passedOver(source),
    }
    return balancesOf(books)
  }

  /** Changes that went to quarantine, as a contract over a source table refused them for the first time. */
  refused({ contract, source }: BalanceOf): number {
    let refused = this.live.contract(totalsKey(contract, source)).fresh
    for (const { table, shares } of this.live.openPages())
      for (const share of shares)
        if (table === source && isSameOrNone(share.contract, contract)) refused += share.fresh
    return refused
  }

  /** Objects that are not landed yet, with their blocks. */
  async *delivering(): AsyncGenerator<Pick<LandedObject, 'object' | 'blocks'>> {
    for await (const item of this.items.range(DELIVERED)) yield { object: item.sk, blocks: deliveredOf(item) }
  }

  /** Table versions and days that have or had history files. */
  days(): Promise<readonly ManifestDay[]> {
    return this.records.days()
  }

  files(day: ManifestDay): Promise<readonly ManifestFile[]> {
    return this.records.files(day)
  }

  /** Writes down what was only counted. */
  async close(): Promise<void> {
    if (this.filtered !== NOTHING) await this.commit(() => undefined)
  }

  protected override async keep(line: LedgerLine, steps: readonly LedgerStep[]): Promise<void> {
    let mended: ReadonlyMap<string, number> = new Map()
    await this.commit((fold) => {
      if (line.kind === 'replayed') mended = this.foldReplayed(fold, line)
      else this.fold(fold, line)
      for (const { writes } of steps) for (const one of writes) fold.write(one)
    })
    for (const [table, changes] of mended) this.passed.set(table, (this.passed.get(table) ?? 0) - changes)
  }

  /** Changes of pages that were passed over and are not any more, by source table. */
  private foldReplayed(fold: Fold, replayed: ReplayedPages): ReadonlyMap<string, number> {
    const { checkpoint, raw } = this
    const isPassed = (page: string) => (raw.offsetOf(page) ?? Number.POSITIVE_INFINITY) <= checkpoint
    return foldReplayed(fold, replayed, { isPassed, awaited: [...this.live.redrives()] })
  }

  private fold(fold: Fold, line: Exclude<LedgerLine, { kind: 'replayed' }>): void {
    switch (line.kind) {
      case 'landed':
        foldLanded(fold, line.object, line.blocks)
        break
      case 'redriven':
        for (const block of line.blocks) foldRedriven(fold, block)
        break
      case 'aside':
        foldAside(fold, line.object)
        break
      case 'load':
        foldLoadFile(fold, line)
        break
      case 'delivered':
      case 'formatted':
      case 'files':
      case 'filtered':
    }
  }

  /* Nothing is behind format when it has come to the newest page. */
  private passedOver(source: string): number {
    const unformatted = this.raw.captured(source).changes - this.live.formatted(source).changes
    if (this.checkpoint >= this.raw.length) return Math.max(0, unformatted)
    return Math.max(0, Math.min(this.passed.get(source) ?? 0, unformatted))
  }

  private async commit(work: (fold: Fold) => void): Promise<void> {
    const { filtered } = this
    this.filtered = NOTHING
    let written: ItemWrite[] = []
    try {
      await this.items.atomically(({ find, write }) => {
        written = []
        const fold: Fold = {
          find,
          shape: this.table.shape,
          stamp: this.stamp(),
          write: (one) => {
            write(one)
            written.push(one)
          },
        }
        work(fold)
        for (const [table, count] of Object.entries(filtered.control))
          addSum(fold, sumOf.control(table), { count })
        if (filtered.bookkeeping > 0) addSum(fold, sumOf.bookkeeping, { count: filtered.bookkeeping })
      })
    } catch (error) {
      this.addFiltered(filtered)
      throw error
    }
    for (const one of written) this.live.apply(one)
  }
}
