import {
  addsUp,
  blockId,
  type Feed,
  type LedgerLine,
  type NamedBlock,
  type PageRecord,
  type ReplayedPages,
  totalsKey,
} from './ledger.ts'
import type { BookSnapshot, ContractTotals, OpenObject, OpenPage, SourceTotals } from './ledger-snapshot.ts'
import { LoadFileTotals } from './load-file-totals.ts'
import { PlaceSet } from './place-set.ts'

/* Blocks whose redrive was never written down, or whose page no raw store has: nothing will ask for most of them. */
const MAX_STRAYS = 1_000
const NOTHING: ContractTotals = { captured: 0, landed: 0, refused: 0, fresh: 0, filtered: 0, redriven: 0 }

/**
 * The books of one folder: pages that balance are sums, the others are kept one by one. Lines may come twice and, between
 * the stages, in any order; a block counts once however often it lands. Memory: what is in flight, what is lost, and
 * about 300 bytes for each file of a full load.
 */
export class LedgerBook {
  private readonly feed: Feed
  /** Pages before this place are of before the ledger. */
  readonly since: number
  readonly folded: PlaceSet
  private readonly contractTotals: Map<string, ContractTotals>
  private readonly sourceTotals: Map<string, SourceTotals>
  private readonly open: Map<string, OpenPage>
  /** Ids of the landed blocks of each page that is not folded. */
  private readonly arrived: Map<string, Set<string>>
  private readonly openObjects: Map<string, OpenObject>
  private readonly awaited: Map<string, NamedBlock>
  readonly loadFiles: LoadFileTotals
  private readonly controls: Map<string, number>
  private readonly strays: Set<string>
  /** Every page before it is folded. */
  private low: number
  bookkeeping: number

  constructor(feed: Feed, given: BookSnapshot) {
    this.feed = feed
    this.since = given.since
    this.folded = new PlaceSet(given.folded)
    this.contractTotals = new Map(given.contracts)
    this.sourceTotals = new Map(given.sources)
    this.open = new Map(given.pages.map((page) => [page.page, page]))
    this.arrived = new Map(given.landed.map(([page, ids]) => [page, new Set(ids)]))
    this.openObjects = new Map(given.objects)
    this.awaited = new Map(given.redrives.map((block) => [blockId(block), block]))
    this.strays = new Set(given.strays)
    this.loadFiles = new LoadFileTotals(given.loads)
    this.controls = new Map(Object.entries(given.control))
    this.bookkeeping = given.bookkeeping
    this.low = this.firstGap(given.since)
  }

  /** Books that begin at a place of the feed. */
  static begin(feed: Feed, since: number): LedgerBook {
    const empty = { folded: [], contracts: [], sources: [], pages: [], landed: [], objects: [] }
    const none = { redrives: [], strays: [], loads: [], control: {}, bookkeeping: 0 }
    return new LedgerBook(feed, { since, ...empty, ...none })
  }

  apply(line: LedgerLine): void {
    switch (line.kind) {
      case 'delivered':
        this.openObjects.set(line.object, { blocks: line.blocks, isAside: false })
        return
      case 'formatted':
        for (const page of line.pages) this.record(page)
        return
      case 'redriven':
        for (const block of line.blocks) this.expect(block)
        return
      case 'landed':
        for (const block of line.blocks) this.land(block)
        this.openObjects.delete(line.object)
        return
      case 'aside': {
        const blocks = this.openObjects.get(line.object)?.blocks ?? []
        this.openObjects.set(line.object, { blocks, isAside: true })
        return
      }
      case 'files':
        return
      case 'load': {
        const { kind: _, ...file } = line
        this.loadFiles.record({ ...file, files: [] })
        return
      }
      case 'replayed':
        for (const page of line.pages) this.mend(page, line)
        this.mendRedrives(line)
        return
      case 'filtered':
        for (const [table, count] of Object.entries(line.control))
          this.controls.set(table, (this.controls.get(table) ?? 0) + count)
        this.bookkeeping += line.bookkeeping
    }
  }

  /** Turns pages that balance into sums; `formatted` pages will not be formatted again. */
  fold(formatted: number): void {
    for (const page of this.open.values()) {
      if (page.place >= formatted || !this.isBalanced(page)) continue
      this.open.delete(page.page)
      this.arrived.delete(page.page)
      this.folded.add(page.place)
      for (const { contract, blocks, refused, fresh, filtered } of page.shares)
        this.count(totalsKey(contract, page.table), {
          ...{ captured: page.changes, landed: changesOf(blocks), redriven: 0 },
          ...{ refused, fresh, filtered },
        })
      const { captured, through } = this.source(page.table)
      this.sourceTotals.set(page.table, { captured: captured + page.changes, through })
    }
    /* An object that was delivered twice and landed once is nobody's loss. */
    for (const [key, { blocks, isAside }] of this.openObjects)
      if (!isAside && blocks.length > 0 && blocks.every((block) => this.isSettled(block)))
        this.openObjects.delete(key)
    this.advance()
  }

  contract(key: string): ContractTotals {
    return this.contractTotals.get(key) ?? NOTHING
  }

  source(table: string): SourceTotals {
    return this.sourceTotals.get(table) ?? { captured: 0, through: null }
  }

  control(table: string): number {
    return this.controls.get(table) ?? 0
  }

  /** Recorded pages that do not balance yet. */
  openPages(): IterableIterator<OpenPage> {
    return this.open.values()
  }

  objects(): IterableIterator<[string, OpenObject]> {
    return this.openObjects.entries()
  }

  /** Redriven blocks that have not landed yet. */
  redrives(): IterableIterator<NamedBlock> {
    return this.awaited.values()
  }

  isRecorded(page: string): boolean {
    return this.open.has(page)
  }

  hasLanded(block: NamedBlock): boolean {
    return this.arrived.get(block.page)?.has(blockId(block)) === true
  }

  toJSON(): BookSnapshot {
    return {
      since: this.since,
      folded: this.folded.toJSON(),
      contracts: [...this.contractTotals],
      sources: [...this.sourceTotals],
      pages: [...this.open.values()],
      landed: [...this.arrived].map(([page, ids]) => [page, [...ids]]),
      objects: [...this.openObjects],
      redrives: [...this.awaited.values()],
      strays: [...this.strays],
      loads: [...this.loadFiles.all()],
      control: Object.fromEntries(this.controls),
      bookkeeping: this.bookkeeping,
    }
  }

  /* A page that the feed does not know waits at its end. */
  private record(page: PageRecord): void {
    const place = this.feed.placeOf(page.page) ?? this.feed.length
    if (!this.folded.has(place)) this.open.set(page.page, { ...page, place })
  }

  private isBalanced({ changes, shares }: PageRecord): boolean {
    return shares.every(
      (share) => addsUp(changes, share) && share.blocks.every((block) => this.hasLanded(block)),
    )
  }

  private land(block: NamedBlock): void {
    const id = blockId(block)
    if (block.origin === 'page') {
      const place = this.feed.placeOf(block.page)
      if (place === undefined || this.folded.has(place)) return
      const ids = this.arrived.get(block.page) ?? new Set()
      this.arrived.set(block.page, ids.add(id))
    } else if (this.awaited.delete(id)) this.count(block.contract, { ...NOTHING, redriven: block.changes })
    else this.stray(id)
  }

  private expect(block: NamedBlock): void {
    const id = blockId(block)
    if (this.strays.delete(id)) this.count(block.contract, { ...NOTHING, redriven: block.changes })
    else this.awaited.set(id, block)
  }

  /* A redriven block is in one object only, and its redrive is written down after the object. */
  private isSettled(block: NamedBlock): boolean {
    if (block.origin !== 'page') return false
    const place = this.feed.placeOf(block.page)
    return (place !== undefined && this.folded.has(place)) || this.hasLanded(block)
  }

  private stray(id: string): void {
    this.strays.add(id)
    for (const oldest of this.strays) {
      if (this.strays.size <= MAX_STRAYS) return
      this.strays.delete(oldest)
    }
  }

  private mendRedrives(replayed: ReplayedPages): void {
    const mended = new Set<string>()
    for (const [id, block] of this.awaited) {
      if (!isRead(block, replayed)) continue
      this.land(block)
      mended.add(id)
    }
    const isOver = (block: NamedBlock) => mended.has(blockId(block)) || this.isSettled(block)
    for (const [key, { blocks }] of this.openObjects) if (blocks.every(isOver)) this.openObjects.delete(key)
  }

  /* What other contracts made of a page that nobody formatted is still not known. */
  private mend(page: string, { contract, contracts }: ReplayedPages): void {
    const place = this.feed.placeOf(page)
    const header = place === undefined ? undefined : this.feed.header(place)
    if (place === undefined || header === undefined || place < this.since || this.folded.has(place)) return
    const { key, table, changes, firstPosition: first, lastPosition: last } = header
    const lost = (name: string): NamedBlock => ({
      ...{ contract: name, origin: 'page', page: key, ordinal: 0 },
      ...{ changes, rows: 0, first, last, digest: 'lost' },
    })
    const known = this.open.get(key) ?? {
      ...{ place, page: key, table, changes, firstPosition: first, lastPosition: last },
      shares: contracts.map((name) => ({
        ...{ contract: name, blocks: [lost(name)], refused: 0, fresh: 0, filtered: 0 },
      })),
    }
    /* What was read whole counts as such, whatever was written down of the first reading. */
    const whole = { contract, blocks: [lost(contract)], refused: 0, fresh: 0, filtered: 0 }
    const shares = known.shares.map((share) =>
      share.contract === contract && !addsUp(changes, share) ? whole : share,
    )
    const open = { ...known, shares }
    this.open.set(key, open)
    const ids = this.arrived.get(key) ?? new Set()
    for (const share of open.shares)
      if (share.contract === contract) for (const block of share.blocks) ids.add(blockId(block))
    this.arrived.set(key, ids)
  }

  private count(key: string, more: ContractTotals): void {
    const before = this.contract(key)
    this.contractTotals.set(key, {
      captured: before.captured + more.captured,
      landed: before.landed + more.landed,
      refused: before.refused + more.refused,
      fresh: before.fresh + more.fresh,
      filtered: before.filtered + more.filtered,
      redriven: before.redriven + more.redriven,
    })
  }

  private advance(): void {
    const next = this.firstGap(this.low)
    for (let place = this.low; place < next; place += 1) {
      const header = this.feed.header(place)
      if (header === undefined) continue
      const { captured, through } = this.source(header.table)
      const reached = through === null || header.lastPosition > through ? header.lastPosition : through
      this.sourceTotals.set(header.table, { captured, through: reached })
    }
    this.low = next
  }

  private firstGap(from: number): number {
    const [first] = this.folded.gaps(from, Number.MAX_SAFE_INTEGER)
    return first ?? from
  }
}

function changesOf(blocks: readonly NamedBlock[]): number {
  return blocks.reduce((sum, { changes }) => sum + changes, 0)
}

function isRead({ contract, first, last }: NamedBlock, replayed: ReplayedPages): boolean {
  const { from, to } = replayed
  return contract === replayed.contract && (from === null || first >= from) && (to === null || last <= to)
}
