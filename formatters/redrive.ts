import type { Change } from '../core/change.ts'
import type { Table } from '../core/contract/language/table.ts'
import { isSameVersion, printTableVersion } from '../core/contract/language/table-version.ts'
import { PipelineError } from '../core/failures/failures.ts'
import { nameOfBlock } from '../core/ledger/ledger.ts'
import type { RedriveResult } from '../core/operations/answers.ts'
import type {
  Delivery,
  Ledger,
  Quarantine,
  QuarantineEntry,
  Reason,
  WaitingEntry,
} from '../core/ports/ports.ts'
import { changeOfEntry } from './change-of-entry.ts'
import { clusterIds, shortId } from './cluster-refusals.ts'
import { formatChanges } from './format-page.ts'
import type { Route, Router } from './route.ts'

export interface RedriveFilter {
  /** Lake or source name of the table. */
  readonly table?: string
  /** Cluster id, failure code, or short id of one entry. */
  readonly cause?: string
}

export interface RedriveDeps {
  readonly quarantine: Pick<Quarantine, 'list' | 'put' | 'release'>
  readonly delivery: Delivery
  readonly ledger: Pick<Ledger, 'redriven'>
  readonly route: Router
  /**
   * The revision of redriven rows of a table, visible to readers. It must be higher than every earlier one: an older
   * contract may have accepted the same change, and two readings of one revision would have no order.
   */
  readonly revisionOf: (table: Table) => Promise<number>
  /** Brings in an entry that format did not refuse; gives the reasons why it cannot, none when it did. */
  readonly recover: (entry: WaitingEntry, isDryRun: boolean) => Promise<readonly Reason[]>
  readonly isDryRun: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (considered: number) => void
}

/* Changes of one delivery: bounded in number and in bytes of their payloads. */
const BATCH_ENTRIES = 1_000
const BATCH_BYTES = 8 << 20

/* A row is judged at the size that it has with any revision. */
const WIDEST_REVISION = 2 ** 31 - 1

/**
 * Formats waiting changes again with today's contracts. What passes is delivered and takes its own place in history by
 * its position; only then is it released. Stopped anywhere and run again, it ends the same: a change delivered twice
 * has one position (G3).
 */
export async function redrive(filter: RedriveFilter, deps: RedriveDeps): Promise<RedriveResult> {
  const tally = new Tally()
  let batch: WaitingEntry[] = []
  let bytes = 0
  const flush = async () => {
    await redriveBatch(batch, deps, tally)
    deps.onProgress?.(tally.considered)
    batch = []
    bytes = 0
  }
  for await (const entry of deps.quarantine.list()) {
    if (deps.signal?.aborted === true) return tally.result(true)
    if (!matches(entry, filter)) continue
    batch.push(entry)
    bytes += entry.payload.length
    if (batch.length >= BATCH_ENTRIES || bytes >= BATCH_BYTES) await flush()
  }
  if (batch.length > 0) await flush()
  return tally.result(false)
}

async function redriveBatch(
  entries: readonly WaitingEntry[],
  deps: RedriveDeps,
  tally: Tally,
): Promise<void> {
  const { quarantine, isDryRun } = deps
  const passing = new Map<Route, Change[]>()
  const renamed: QuarantineEntry[] = []
  const leaving: string[] = []
  for (const entry of entries) {
    const { refused, reasons } =
      entry.stage === 'format'
        ? judge(entry, deps, passing)
        : { refused: [], reasons: await deps.recover(entry, isDryRun) }
    tally.count(reasons)
    /* What no contract read is from now on refused by contracts of a name, and in the lake of those that take it. */
    renamed.push(...refused)
    if (reasons.length === 0 || refused.length > 0) leaving.push(entry.id)
  }
  for (const [{ table }, changes] of passing) tally.pass(printTableVersion(table), changes.length)
  if (isDryRun || leaving.length === 0) return
  await deliver(passing, deps)
  if (renamed.length > 0) await quarantine.put(renamed)
  await quarantine.release(leaving, 'redriven')
}

interface Judgement {
  /** Entries that take the place of one that no contract had read. */
  readonly refused: readonly QuarantineEntry[]
  readonly reasons: readonly Reason[]
}

function judge(
  entry: WaitingEntry,
  { route, delivery }: RedriveDeps,
  passing: Map<Route, Change[]>,
): Judgement {
  let change: Change
  try {
    change = changeOfEntry(entry)
  } catch (error) {
    /* One payload that cannot be read must not keep the others waiting. */
    if (!(error instanceof PipelineError)) throw error
    return { refused: [], reasons: [{ code: error.code, path: '', message: 'the payload is not a change' }] }
  }
  const routes = routesOf(entry, route)
  const options = { maxBlockBytes: delivery.maxBlockBytes, revision: WIDEST_REVISION }
  if (routes.length === 0)
    return { refused: [], reasons: reasonsOf(formatChanges([change], [], options).refused) }
  const refused: QuarantineEntry[] = []
  for (const one of routes) {
    const outcome = formatChanges([change], [one], options)
    refused.push(...outcome.refused)
    if (outcome.refused.length > 0) continue
    const held = passing.get(one)
    if (held === undefined) passing.set(one, [change])
    else held.push(change)
  }
  return { refused: entry.contract === null ? refused : [], reasons: reasonsOf(refused) }
}

async function deliver(
  passing: ReadonlyMap<Route, readonly Change[]>,
  { delivery, ledger, revisionOf }: RedriveDeps,
): Promise<void> {
  for (const [route, changes] of passing) {
    const revision = await revisionOf(route.table)
    const options = { maxBlockBytes: delivery.maxBlockBytes, revision }
    const { blocks } = formatChanges(changes, [route], options)
    await delivery.put(blocks)
    await ledger.redriven(blocks.flatMap((block) => nameOfBlock(block) ?? []))
  }
}

/* A contract is asked for what it refused; a change that no contract read is for every one there is now. */
function routesOf({ table, contract }: WaitingEntry, route: Router): readonly Route[] {
  const routes = table === null ? [] : route(table)
  if (contract === null) return routes
  return routes.filter((route) => isSameVersion(route.table, contract))
}

function matches(entry: WaitingEntry, { table, cause }: RedriveFilter): boolean {
  const isTable = table === undefined || entry.table === table || entry.contract?.name === table
  return isTable && (cause === undefined || causesOf(entry).includes(cause))
}

function causesOf(entry: WaitingEntry): readonly string[] {
  return [...clusterIds(entry), ...entry.reasons.map(({ code }) => code), shortId(entry.id)]
}

function reasonsOf(refused: readonly QuarantineEntry[]): readonly Reason[] {
  return refused.flatMap(({ reasons }) => reasons)
}

class Tally {
  considered = 0
  private passed = 0
  private readonly contracts = new Map<string, number>()
  private readonly reasons = new Map<string, { reason: Reason; count: number }>()

  count(reasons: readonly Reason[]): void {
    this.considered += 1
    if (reasons.length === 0) this.passed += 1
    for (const reason of reasons) {
      const key = JSON.stringify(reason)
      this.reasons.set(key, { reason, count: (this.reasons.get(key)?.count ?? 0) + 1 })
    }
  }

  pass(contract: string, count: number): void {
    this.contracts.set(contract, (this.contracts.get(contract) ?? 0) + count)
  }

  result(isInterrupted: boolean): RedriveResult {
    const { considered, passed } = this
    const contracts = [...this.contracts].map(([contract, count]) => ({ contract, count }))
    const reasons = [...this.reasons.values()].sort((left, right) => right.count - left.count)
    return { considered, passed, contracts, refused: considered - passed, reasons, isInterrupted }
  }
}
