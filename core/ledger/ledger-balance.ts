import { groupBy } from '../group-by.ts'
import type { Position } from '../position.ts'
import { addsUp, blockId, type Feed, type NamedBlock, totalsKey } from './ledger.ts'
import type { LedgerBook } from './ledger-book.ts'

/** captured = landed + quarantined + filtered + inFlight + missing; in changes, but for `loads`, which are rows. */
export interface Balance {
  /** Changes that format has to bring to the table, and control records of its source. */
  readonly captured: number
  readonly landed: number
  /** Refused by capture or format, or in a landed object that could not be read; what was redriven or expired since is among them. */
  readonly quarantined: number
  readonly filtered: number
  readonly inFlight: number
  /** Neither: the audit names them. */
  readonly missing: number
  /** Of the quarantined: changes that a redrive brought into the lake since. */
  readonly redriven: number
  readonly capturedThrough: Position | null
  /** Every change up to it is landed, quarantined or filtered. */
  readonly landedThrough: Position | null
  readonly loads: { readonly rows: number; readonly landed: number; readonly quarantined: number }
  readonly balanced: boolean
}

/** How far the stages are, in pages of the feed, and what has had its time to land. */
export interface Progress {
  /** Pages that format is done with. */
  readonly formatted: number
  /** Pages all of whose blocks have had their time to land. */
  readonly landed: number
  /** Ids of redriven blocks that have had theirs. */
  readonly overdue: ReadonlySet<string>
}

/** Sums over the feed itself, from the begin of the ledger: what the books are held against. */
export interface FeedTotals {
  readonly changes: number
  readonly through: Position | null
}

/** A contract, `name vN` or null for tables that none reads, over one source table. */
export interface BalanceOf {
  readonly contract: string | null
  readonly source: string
}

/** The balance of each contract over each source table: what is open is looked through once for all of them. */
export function balancesOf(
  book: LedgerBook,
  given: {
    readonly feed: Feed
    readonly progress: Progress
    /** Of a source table. */
    readonly totals: (source: string) => FeedTotals
  },
): (of: BalanceOf) => Balance {
  const { feed, progress } = given
  const aside = asideIds(book)
  const unfolded = groupBy(unfoldedHeaders(book, feed), ({ table }) => table)
  const open = groupBy(book.openPages(), ({ table }) => table)
  const lost = lostRedrives(book, aside, progress)
  return ({ contract, source }) => {
    const sum = { ...book.contract(totalsKey(contract, source)), inFlight: 0, missing: 0, aside: 0 }
    const totals = given.totals(source)
    let unfoldedChanges = 0
    for (const { place, key, changes } of unfolded.get(source) ?? []) {
      unfoldedChanges += changes
      if (book.isRecorded(key)) continue
      sum.captured += changes
      if (place < progress.formatted) sum.missing += changes
      else sum.inFlight += changes
    }
    for (const { place, changes, shares } of open.get(source) ?? []) {
      const share = shares.find((one) => one.contract === contract)
      if (share === undefined) continue
      sum.captured += changes
      sum.refused += share.refused
      sum.filtered += share.filtered
      for (const block of share.blocks) {
        if (book.hasLanded(block)) sum.landed += block.changes
        else if (aside.has(blockId(block))) sum.aside += block.changes
        else if (place < progress.landed) sum.missing += block.changes
        else sum.inFlight += block.changes
      }
      if (!addsUp(changes, share)) sum.missing += changes - accounted(share.blocks, share)
    }
    const control = book.control(source)
    const quarantined = sum.refused + sum.aside
    const { captured, landed, inFlight, missing, redriven } = sum
    const filtered = sum.filtered + control
    const loads = contract === null ? NO_LOADS : book.loadFiles.of(contract)
    const isFeedKnown = book.source(source).captured + unfoldedChanges === totals.changes
    const isEven = captured + control === landed + quarantined + filtered + inFlight
    const isComplete = missing === 0 && !lost.has(contract)
    return {
      ...{ captured: captured + control, landed, quarantined, filtered, inFlight, missing, redriven },
      ...{ capturedThrough: totals.through, landedThrough: book.source(source).through, loads },
      balanced: isEven && isComplete && isFeedKnown && loads.rows === loads.landed + loads.quarantined,
    }
  }
}

const NO_LOADS = { rows: 0, landed: 0, quarantined: 0 }

function* unfoldedHeaders(book: LedgerBook, feed: Feed) {
  for (const place of book.folded.gaps(book.since, feed.length)) {
    const header = feed.header(place)
    if (header !== undefined) yield { place, table: header.table, key: header.key, changes: header.changes }
  }
}

/** Ids of blocks in objects that were set aside. */
export function asideIds(book: LedgerBook): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const [, { isAside, blocks }] of book.objects())
    if (isAside) for (const block of blocks) ids.add(blockId(block))
  return ids
}

function accounted(
  blocks: readonly NamedBlock[],
  { refused, filtered }: { readonly refused: number; readonly filtered: number },
): number {
  return blocks.reduce((sum, { changes }) => sum + changes, refused + filtered)
}

/* Contracts of them. They are among the quarantined of the sum, and left quarantine for the lake. */
function lostRedrives(
  book: LedgerBook,
  aside: ReadonlySet<string>,
  { overdue }: Progress,
): ReadonlySet<string | null> {
  const lost = new Set<string | null>()
  for (const block of book.redrives()) {
    const id = blockId(block)
    if (block.changes > 0 && overdue.has(id) && !aside.has(id)) lost.add(block.contract)
  }
  return lost
}
