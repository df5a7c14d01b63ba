import { printTableVersion, type TableVersion } from '../../core/contract/language/table-version.ts'
import type { NamedBlock } from '../../core/ledger/ledger.ts'
import type {
  ContractTotals,
  LedgerBooks,
  LoadRows,
  OpenPage,
  SourceTotals,
} from '../../core/ledger/ledger-balance.ts'
import type { Item, ItemWrite } from '../../core/ports/item-table.ts'
import { objectPartition } from '../../state/ledger/ledger-item.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import type { SqliteItems } from '../sqlite/sqlite-items.ts'
import {
  AWAITED,
  awaitedOf,
  CHECKPOINT,
  LOST,
  OPEN,
  openPageOf,
  type StoredPage,
  SUMS,
  sumOf,
} from './live-items.ts'

/** What was written down when a round of landing began: at its end it has had its time. */
export type LedgerMark = number

interface Since {
  /** Of the round of landing in which it was written down. */
  readonly since: LedgerMark
}

const OBJECTS = objectPartition('')

/** What the live items of a ledger say, in memory: it follows what is durable. Memory: what is not settled, and the sums. */
export class LiveBooks implements Omit<LedgerBooks, 'captured' | 'passedOver'> {
  private readonly sums = new Map<string, Item>()
  private readonly open = new Map<string, StoredPage & Since>()
  private readonly awaited = new Map<string, { readonly block: NamedBlock } & Since>()
  readonly aside = new Set<string>()
  /** Offset of the last page that format is done with. */
  checkpoint = 0
  /** The ledger is to be made again of the rest of the folder. */
  isLost = false
  /** Where format was then, if that is known. */
  lostCheckpoint: number | undefined
  private round: LedgerMark = 0
  private over: LedgerMark = -1

  static async read(items: SqliteItems): Promise<LiveBooks> {
    const books = new LiveBooks()
    for (const pk of [CHECKPOINT.pk, SUMS, OPEN, AWAITED])
      for await (const item of items.range(pk)) books.apply({ kind: 'put', item })
    for (const id of (await new LedgerReader(items).aside()).keys()) books.aside.add(id)
    return books
  }

  /** Takes in a write that is durable; those of other items change nothing. */
  apply(write: ItemWrite): void {
    const { pk, sk } = write.kind === 'put' ? write.item : write.key
    const item = write.kind === 'put' ? write.item : undefined
    if (pk === SUMS) {
      if (item !== undefined) this.sums.set(sk, item)
    } else if (pk === OPEN) {
      const since = this.open.get(sk)?.since ?? this.round
      if (item === undefined) this.open.delete(sk)
      else this.open.set(sk, { ...openPageOf(item), since })
    } else if (pk === AWAITED) {
      const since = this.awaited.get(sk)?.since ?? this.round
      if (item === undefined) this.awaited.delete(sk)
      else this.awaited.set(sk, { block: awaitedOf(item), since })
    } else if (pk === CHECKPOINT.pk && sk === CHECKPOINT.sk) this.checkpoint = Number(item?.['pages'] ?? 0)
    else if (pk === LOST.pk && sk === LOST.sk) {
      const pages = item?.['pages']
      this.isLost = item !== undefined
      this.lostCheckpoint = typeof pages === 'number' ? pages : undefined
    }
    if (pk.startsWith(OBJECTS)) this.aside.add(sk)
  }

  /** Begins a round of landing. */
  mark(): LedgerMark {
    this.round += 1
    return this.round - 1
  }

  /** A round of landing that began at `mark` is over. */
  caughtUp(mark: LedgerMark): void {
    this.over = Math.max(this.over, mark)
  }

  contract(key: string): ContractTotals {
    const of = this.counts(sumOf.contract(key))
    return {
      captured: of('captured'),
      landed: of('landed'),
      refused: of('refused'),
      fresh: of('fresh'),
      filtered: of('filtered'),
      redriven: of('redriven'),
    }
  }

  formatted(source: string): SourceTotals {
    const sum = this.sums.get(sumOf.source(source))
    const through = sum?.['through']
    return { changes: Number(sum?.['changes'] ?? 0), through: typeof through === 'string' ? through : null }
  }

  control(source: string): number {
    return this.counts(sumOf.control(source))('count')
  }

  loads(contract: TableVersion): LoadRows {
    const of = this.counts(sumOf.loads(printTableVersion(contract)))
    return { rows: of('rows'), landed: of('landed'), quarantined: of('quarantined') }
  }

  get bookkeeping(): number {
    return this.counts(sumOf.bookkeeping)('count')
  }

  *openPages(): Generator<OpenPage> {
    for (const { since, ...page } of this.open.values()) yield { ...page, isOverdue: since <= this.over }
  }

  isOpen(page: string): boolean {
    return this.open.has(page)
  }

  *redrives(): Generator<NamedBlock> {
    for (const { block } of this.awaited.values()) yield block
  }

  get lostRedrives(): ReadonlySet<string> {
    const lost = new Set<string>()
    for (const [id, { block, since }] of this.awaited)
      if (block.changes > 0 && since <= this.over && !this.aside.has(id))
        lost.add(printTableVersion(block.contract))
    return lost
  }

  private counts(sk: string): (name: string) => number {
    const sum = this.sums.get(sk)
    return (name) => Number(sum?.[name] ?? 0)
  }
}
