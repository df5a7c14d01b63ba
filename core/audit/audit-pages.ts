import { blockId } from '../ledger/ledger.ts'
import type { Position } from '../position.ts'
import type { AuditPlace } from './audit-place.ts'
import type { AuditDeps, RangeOf } from './ledger-audit.ts'
import { type LedgerFinding, lostBlock, replayOf } from './ledger-finding.ts'
import { addSum, judgePage, noSum, type PageCase, type PageContext, type PageSum } from './page-sums.ts'

/** How the changes of one contract stand, over the pages that were looked at. */
export interface AuditedBalance extends Readonly<PageSum> {
  /** `name vN`; null for a table that none reads. */
  readonly contract: string | null
  readonly source: string
  /** Of the quarantined: changes that a redrive brought into the lake since. */
  readonly redriven: number
  /** Last position of the pages. */
  readonly capturedThrough: Position | null
  /** Every change up to it is landed, quarantined or filtered; null before the first. */
  readonly landedThrough: Position | null
  /** Captured = landed + quarantined + filtered + in flight, and no redriven change is missing. */
  readonly balanced: boolean
}

export interface AuditedPages {
  readonly balances: readonly AuditedBalance[]
  /** The first 1,000. */
  readonly findings: readonly LedgerFinding[]
  /** Findings beyond those. */
  readonly more: number
  /** Pages that were looked at. */
  readonly pages: number
}

/* Pages that are looked at a second time before they are called missing: more of them need no second look. */
const SECOND_LOOKS = 1_000
const MAX_FINDINGS = 1_000

/**
 * Reads the pages of the raw store beside the records of the ledger, and names every page and block that should have
 * arrived and has not. What seems missing is looked at again at the end: it may have arrived in between. Memory: one
 * page of each, and the headers of up to 1,000 that seem missing.
 */
export async function auditPages(
  deps: Omit<AuditDeps, 'objects'>,
  { place, rangeOf = () => ({}) }: { readonly place: AuditPlace; readonly rangeOf?: RangeOf },
): Promise<AuditedPages> {
  const aside = await deps.records.aside()
  const walks: Walk[] = []
  for (const source of new Set([...deps.readers.map((reader) => reader.source), ...(deps.unread ?? [])])) {
    const contracts = deps.readers.filter((one) => one.source === source).map(({ contract }) => contract)
    const walk = new Walk(source, { contracts, aside, place })
    for await (const one of casesOf(deps, source, { range: rangeOf(source), keepsPages: place.keepsPages }))
      walk.take(one)
    walks.push(walk)
  }
  for (const walk of walks)
    for (const one of walk.doubtful) walk.settle({ ...one, record: await deps.records.page(one.page.key) })
  const redrives = new Map<string, Awaited<ReturnType<typeof auditRedrives>>>()
  for (const { contract } of deps.readers)
    redrives.set(contract, await auditRedrives(deps, contract, { aside, place }))
  const all = [
    walks.map(({ findings }) => findings),
    [...redrives.values()].map(({ findings }) => findings),
  ].flat(2)
  return {
    balances: walks.flatMap((walk) => walk.balances((contract) => redrives.get(contract))),
    findings: all.slice(0, MAX_FINDINGS),
    more: Math.max(0, all.length - MAX_FINDINGS) + walks.reduce((sum, { more }) => sum + more, 0),
    pages: walks.reduce((sum, { pages }) => sum + pages, 0),
  }
}

/* The pages of one source table, in the order of their keys. */
class Walk {
  readonly findings: LedgerFinding[] = []
  readonly doubtful: PageCase[] = []
  pages = 0
  /** Findings that are only counted. */
  more = 0
  private readonly source: string
  private readonly context: PageContext
  private readonly sums = new Map<string | null, PageSum>()
  private captured: Position | null = null
  private landed: Position | null = null
  /** Last positions of settled pages that later pages may begin before: pages of several shards overlap. */
  private reached: Position[] = []
  private isOpen = false

  constructor(source: string, context: PageContext) {
    this.source = source
    this.context = context
    for (const contract of context.contracts) this.sums.set(contract, noSum())
  }

  take(one: PageCase): void {
    const { lastPosition, firstPosition } = one.page
    const verdict = judgePage(one, this.context)
    this.pages += 1
    if (this.captured === null || lastPosition > this.captured) this.captured = lastPosition
    if (!this.isOpen) this.advance(firstPosition)
    if (!verdict.isSettled) this.isOpen = true
    else if (!this.isOpen) this.reached.push(lastPosition)
    if (verdict.findings.length > 0 && this.doubtful.length < SECOND_LOOKS)
      this.doubtful.push({ ...one, record: undefined })
    else this.add(verdict)
  }

  settle(one: PageCase): void {
    this.add(judgePage(one, this.context))
  }

  balances(
    redrivesOf: (contract: string) => { readonly redriven: number; readonly lost: number } | undefined,
  ): readonly AuditedBalance[] {
    if (!this.isOpen) this.advance(null)
    return [...this.sums].map(([contract, sum]) => {
      const { redriven = 0, lost = 0 } = (contract === null ? undefined : redrivesOf(contract)) ?? {}
      const { captured, landed, quarantined, filtered, inFlight } = sum
      return {
        contract,
        source: this.source,
        ...sum,
        redriven,
        capturedThrough: this.captured,
        landedThrough: this.landed,
        balanced: captured === landed + quarantined + filtered + inFlight && lost === 0,
      }
    })
  }

  /* Pages come in the order of their begins: below the next begin nothing is open. */
  private advance(next: Position | null): void {
    const later: Position[] = []
    for (const last of this.reached)
      if (next !== null && last >= next) later.push(last)
      else if (this.landed === null || last > this.landed) this.landed = last
    this.reached = later
  }

  private add({ sums, findings }: ReturnType<typeof judgePage>): void {
    for (const [contract, sum] of sums) {
      const known = this.sums.get(contract) ?? noSum()
      addSum(known, sum)
      this.sums.set(contract, known)
    }
    for (const finding of findings)
      if (this.findings.length < MAX_FINDINGS) this.findings.push(finding)
      else this.more += 1
  }
}

/*
 * Of a page that only the ledger knows the raw page has expired. Marks without a record say nothing: it has expired, too.
 * Pages of healed rows have no commit time and do not expire: without a record nobody can tell whether it is to come or
 * has expired, and the proof that heals looks at its rows again.
 */
async function* casesOf(
  { raw, records }: Pick<AuditDeps, 'raw' | 'records'>,
  source: string,
  { range, keepsPages }: { readonly range: ReturnType<RangeOf>; readonly keepsPages: boolean },
): AsyncGenerator<PageCase> {
  const heads = raw.heads(source, range)[Symbol.asyncIterator]()
  const known = records.pages(source, range)[Symbol.asyncIterator]()
  try {
    let [head, record] = await Promise.all([heads.next(), known.next()])
    while (head.done !== true || record.done !== true) {
      const order = compare(
        head.done === true ? undefined : head.value.key,
        record.done === true ? undefined : record.value.page.key,
      )
      const held = head.done === true || order > 0 ? undefined : head.value
      const found = record.done === true || order < 0 ? undefined : record.value
      const page = held ?? found?.page
      const isTold =
        found?.formatted !== undefined || (held !== undefined && (keepsPages || held.committedAt !== null))
      if (page !== undefined && isTold)
        yield { page, committedAt: held?.committedAt ?? null, isHeld: held !== undefined, record: found }
      if (held !== undefined) head = await heads.next()
      if (found !== undefined) record = await known.next()
    }
  } finally {
    await Promise.all([heads.return?.(), known.return?.()])
  }
}

/* What has ended is after everything. */
function compare(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0
  if (left === undefined) return 1
  if (right === undefined) return -1
  return left < right ? -1 : 1
}

async function auditRedrives(
  { records }: Pick<AuditDeps, 'records'>,
  contract: string,
  { aside, place }: Pick<PageContext, 'aside' | 'place'>,
) {
  let [redriven, lost] = [0, 0]
  const findings: LedgerFinding[] = []
  for await (const { block, at, isLanded } of records.redrives(contract)) {
    const id = blockId(block)
    if (isLanded) redriven += block.changes
    else if (!aside.has(id) && place.isBlockDue(id, at)) {
      lost += block.changes
      findings.push(lostBlock(block, place.whereIs(block), replayOf(contract, block)))
    }
  }
  return { redriven, lost, findings }
}
