import { addsUp, blockId, type Feed, type NamedBlock, totalsKey } from './ledger.ts'
import type { LedgerBook } from './ledger-book.ts'
import type { Position } from './position.ts'

/** captured = landed + quarantined + filtered + inFlight + missing; in changes, but for `loads`, which are rows. */
export interface Balance {
  /** Changes that format has to bring to the table, and control records of its source. */
  readonly captured: number
  readonly landed: number
  /** Refused by format, or in a landed object that could not be read; what was redriven or expired since is among them. */
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

/** The balance of one contract (`name vN`; null for tables that none reads) over one source table. */
export function balanceOf(
  { contract, source }: { readonly contract: string | null; readonly source: string },
  book: LedgerBook,
  given: { readonly feed: Feed; readonly progress: Progress; readonly totals: FeedTotals },
): Balance {
  const { feed, progress, totals } = given
  const sum = { ...book.contract(totalsKey(contract, source)), inFlight: 0, missing: 0, aside: 0 }
  const aside = asideIds(book)
  let unfolded = 0
  for (const place of book.folded.gaps(book.since, feed.length)) {
    const header = feed.header(place)
    if (header?.table !== source) continue
    unfolded += header.changes
    if (book.isRecorded(header.key)) continue
    sum.captured += header.changes
    if (place < progress.formatted) sum.missing += header.changes
    else sum.inFlight += header.changes
  }
  for (const { table, place, changes, shares } of book.openPages()) {
    const share = table === source ? shares.find((one) => one.contract === contract) : undefined
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
  const lost = lostRedrives(contract, book, progress)
  const control = book.control(source)
  const quarantined = sum.refused + sum.aside
  const { captured, landed, inFlight, missing, redriven } = sum
  const filtered = sum.filtered + control
  const loads = loadsOf(contract, book)
  const isFeedKnown = book.source(source).captured + unfolded === totals.changes
  const isEven = captured + control === landed + quarantined + filtered + inFlight
  return {
    ...{ captured: captured + control, landed, quarantined, filtered, inFlight, missing, redriven },
    ...{ capturedThrough: totals.through, landedThrough: book.source(source).through, loads },
    balanced:
      isEven && missing === 0 && lost === 0 && isFeedKnown && loads.rows === loads.landed + loads.quarantined,
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

/* They are among the quarantined of the sum, and left quarantine for the lake. */
function lostRedrives(contract: string | null, book: LedgerBook, { overdue }: Progress): number {
  let changes = 0
  const aside = asideIds(book)
  for (const block of book.redrives()) {
    const id = blockId(block)
    if (block.contract === contract && overdue.has(id) && !aside.has(id)) changes += block.changes
  }
  return changes
}

function loadsOf(contract: string | null, book: LedgerBook) {
  const sum = { rows: 0, landed: 0, quarantined: 0 }
  if (contract === null) return sum
  for (const file of book.loads()) {
    const { [contract]: landed } = file.landed
    const { [contract]: refused } = file.refused
    if (landed === undefined && refused === undefined) continue
    sum.rows += file.rows
    sum.landed += landed ?? 0
    sum.quarantined += refused ?? 0
  }
  return sum
}
