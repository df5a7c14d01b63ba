import { printAnyVersion } from '../contract/language/table-version.ts'
import { addsUp, blockId, type NamedBlock, type PageShare } from '../ledger/ledger.ts'
import { isBlockLanded, type RecordedPage } from '../ledger/recorded-page.ts'
import type { PageName } from '../page.ts'
import type { AuditPlace } from './audit-place.ts'
import type { LedgerFinding } from './ledger-finding.ts'
import { lostBlock, lostPage, unevenPage } from './ledger-finding.ts'

/** Changes of pages by what became of them. */
export interface PageSum {
  captured: number
  landed: number
  quarantined: number
  filtered: number
  inFlight: number
  missing: number
  /** When the oldest change in flight was committed, or its page formatted; epoch milliseconds. */
  oldestInFlight: number | null
}

/** One page, and what is known of it. */
export interface PageCase {
  readonly page: PageName
  /** When its last change was committed; null where nobody said. */
  readonly committedAt: number | null
  /** The raw store has it still. */
  readonly isHeld: boolean
  readonly record: RecordedPage | undefined
}

export interface PageContext {
  readonly place: AuditPlace
  /** Contracts that read the table. */
  readonly contracts: readonly string[]
  /** Ids of blocks in objects that were set aside, with the object. */
  readonly aside: ReadonlyMap<string, string>
}

export interface PageVerdict {
  /** By contract; null for a table that none reads. */
  readonly sums: ReadonlyMap<string | null, PageSum>
  readonly findings: readonly LedgerFinding[]
  /** Every change of it is landed, quarantined or filtered. */
  readonly isSettled: boolean
}

export function noSum(): PageSum {
  return {
    captured: 0,
    landed: 0,
    quarantined: 0,
    filtered: 0,
    inFlight: 0,
    missing: 0,
    oldestInFlight: null,
  }
}

/** Adds what became of some changes to a sum of more. */
export function addSum(into: PageSum, one: PageSum): void {
  into.captured += one.captured
  into.landed += one.landed
  into.quarantined += one.quarantined
  into.filtered += one.filtered
  into.inFlight += one.inFlight
  into.missing += one.missing
  if (one.oldestInFlight !== null)
    into.oldestInFlight = Math.min(into.oldestInFlight ?? one.oldestInFlight, one.oldestInFlight)
}

/** What became of the changes of one page: captured = landed + quarantined + filtered + in flight + missing, by contract. */
export function judgePage(one: PageCase, context: PageContext): PageVerdict {
  const sums =
    one.record?.formatted === undefined
      ? unformatted(one, context)
      : new Map(
          one.record.formatted.shares.map((share) => [
            printAnyVersion(share.contract),
            shareSum(one, share, context),
          ]),
        )
  const findings = [...sums.values()].some(({ missing }) => missing > 0) ? findingsOf(one, context) : []
  const isSettled = [...sums.values()].every(({ inFlight, missing }) => inFlight === 0 && missing === 0)
  return { sums, findings, isSettled }
}

function unformatted(
  { page, committedAt, record }: PageCase,
  { contracts, place }: PageContext,
): Map<string | null, PageSum> {
  const { changes } = page
  const isLost = place.isPageDue(page, committedAt)
  const readers: readonly (string | null)[] = contracts.length === 0 ? [null] : contracts
  return new Map(
    readers.map((contract) => {
      const sum = { ...noSum(), captured: changes }
      if (contract !== null && record?.replayed.has(contract) === true) sum.landed = changes
      else if (isLost) sum.missing = changes
      else {
        sum.inFlight = changes
        sum.oldestInFlight = committedAt
      }
      return [contract, sum]
    }),
  )
}

function shareSum({ page, committedAt, record }: PageCase, share: PageShare, context: PageContext): PageSum {
  const sum = noSum()
  if (record?.formatted === undefined) return sum
  sum.captured = page.changes
  sum.quarantined = share.refused
  sum.filtered = share.filtered
  for (const block of share.blocks) {
    const fate = fateOf(block, record, context)
    sum[fate] += block.changes
    if (fate === 'inFlight') sum.oldestInFlight = committedAt ?? record.formatted.at
  }
  if (!addsUp(page.changes, share))
    sum.missing +=
      page.changes - share.blocks.reduce((all, { changes }) => all + changes, share.refused + share.filtered)
  return sum
}

function fateOf(block: NamedBlock, record: RecordedPage, { aside, place }: PageContext) {
  const id = blockId(block)
  if (isBlockLanded(record, block)) return 'landed'
  if (aside.has(id)) return 'quarantined'
  return place.isBlockDue(id, record.formatted?.at ?? 0) ? 'missing' : 'inFlight'
}

function findingsOf(one: PageCase, context: PageContext): readonly LedgerFinding[] {
  const { page, record, isHeld } = one
  const { place } = context
  const advice = place.wayBack(page, isHeld)
  if (record?.formatted === undefined) return [lostPage(page, place.passedOver, advice)]
  return record.formatted.shares.flatMap((share) => [
    ...share.blocks
      .filter((block) => fateOf(block, record, context) === 'missing')
      .map((block) => lostBlock(block, place.whereIs(block), advice)),
    ...(addsUp(page.changes, share) ? [] : [unevenPage(page, printAnyVersion(share.contract) ?? '', advice)]),
  ])
}
