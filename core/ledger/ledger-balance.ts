import { isSameOrNone, printAnyVersion, type TableVersion } from '../contract/language/table-version.ts'
import { groupBy } from '../group-by.ts'
import type { Position } from '../position.ts'
import { addsUp, blockId, type PageRecord, totalsKey } from './ledger.ts'

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
  /** Every change up to it is landed, quarantined or filtered; null before the first, and where a page was passed over. */
  readonly landedThrough: Position | null
  readonly loads: LoadRows
  readonly balanced: boolean
}

/** Rows of the files of full loads. */
export interface LoadRows {
  readonly rows: number
  readonly landed: number
  readonly quarantined: number
}

/** Sums over the settled pages of one contract (or of what no contract reads). */
export interface ContractTotals {
  readonly captured: number
  readonly landed: number
  readonly refused: number
  readonly fresh: number
  readonly filtered: number
  /** Changes of redriven blocks that landed; they were refused before. */
  readonly redriven: number
}

/** Sums over pages of one source table. */
export interface SourceTotals {
  readonly changes: number
  /** Their last position; null before the first. */
  readonly through: Position | null
}

/** A page that format has recorded and that is not settled. */
export interface OpenPage extends PageRecord {
  /** Ids of its landed blocks. */
  readonly landed: ReadonlySet<string>
  /** Last position of the pages of its table that were recorded before it. */
  readonly before: Position | null
  /** All of its blocks have had their time to land. */
  readonly isOverdue: boolean
}

/** A contract, or null for tables that none reads, over one source table. */
export interface BalanceOf {
  readonly contract: TableVersion | null
  readonly source: string
}

/** What a ledger knows at a moment: settled pages as sums, the others one by one. */
export interface LedgerBooks {
  /** By `totalsKey`. */
  contract(key: string): ContractTotals
  /** Of every page of a source table that capture has stored. */
  captured(source: string): SourceTotals
  /** Of those, the ones that format has recorded. */
  formatted(source: string): SourceTotals
  /** Of the changes that are not, those that format has passed. */
  passedOver(source: string): number
  control(source: string): number
  loads(contract: TableVersion): LoadRows
  openPages(): Iterable<OpenPage>
  /** Ids of blocks in objects that were set aside. */
  readonly aside: ReadonlySet<string>
  /** Contracts, `name vN`, of redriven blocks that have had their time to land. */
  readonly lostRedrives: ReadonlySet<string>
}

const NO_LOADS: LoadRows = { rows: 0, landed: 0, quarantined: 0 }

/** The balance of each contract over each source table: what is open is looked through once for all of them. */
export function balancesOf(books: LedgerBooks): (of: BalanceOf) => Balance {
  const open = groupBy(books.openPages(), ({ table }) => table)
  return ({ contract, source }) => {
    const [captured, formatted] = [books.captured(source), books.formatted(source)]
    const unformatted = captured.changes - formatted.changes
    const passedOver = books.passedOver(source)
    const sum = openSum(open.get(source) ?? [], contract, books)
    const settled = books.contract(totalsKey(contract, source))
    const control = books.control(source)
    const all = settled.captured + sum.captured + unformatted + control
    const landed = settled.landed + sum.landed
    const quarantined = settled.refused + sum.refused + sum.aside
    const filtered = settled.filtered + sum.filtered + control
    const inFlight = sum.inFlight + unformatted - passedOver
    const missing = sum.missing + passedOver
    const loads = contract === null ? NO_LOADS : books.loads(contract)
    const isEven = all === landed + quarantined + filtered + inFlight
    const isComplete =
      missing === 0 && unformatted >= 0 && !books.lostRedrives.has(printAnyVersion(contract) ?? '')
    return {
      captured: all,
      landed,
      quarantined,
      filtered,
      inFlight,
      missing,
      redriven: settled.redriven,
      capturedThrough: captured.through,
      landedThrough: passedOver === 0 ? landedThrough(open.get(source) ?? [], formatted) : null,
      loads,
      balanced: isEven && isComplete && loads.rows === loads.landed + loads.quarantined,
    }
  }
}

function openSum(pages: readonly OpenPage[], contract: TableVersion | null, { aside }: LedgerBooks) {
  const sum = { captured: 0, landed: 0, refused: 0, filtered: 0, aside: 0, inFlight: 0, missing: 0 }
  for (const { changes, shares, landed, isOverdue } of pages) {
    const share = shares.find((one) => isSameOrNone(one.contract, contract))
    if (share === undefined) continue
    sum.captured += changes
    sum.refused += share.refused
    sum.filtered += share.filtered
    let accounted = share.refused + share.filtered
    for (const block of share.blocks) {
      accounted += block.changes
      if (landed.has(blockId(block))) sum.landed += block.changes
      else if (aside.has(blockId(block))) sum.aside += block.changes
      else if (isOverdue) sum.missing += block.changes
      else sum.inFlight += block.changes
    }
    if (!addsUp(changes, share)) sum.missing += changes - accounted
  }
  return sum
}

/* Pages of a table are recorded in the order of their positions: before the first open one all are settled. */
function landedThrough(open: readonly OpenPage[], formatted: SourceTotals): Position | null {
  return open.reduce<Position | null>(
    (least, { before }) => ((before ?? '') < (least ?? '') ? before : least),
    formatted.through,
  )
}
