import * as z from 'zod'
import type { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CompactionResult } from '../../core/operations/answers.ts'
import type { CatalogTable } from '../../core/ports/catalog-entry.ts'
import type { ObjectFiles } from '../../core/ports/ports.ts'
import { LazyEngine } from '../../engine/duckdb/lazy-engine.ts'
import type { CompactDeps } from '../../lake/compaction/compact-deps.ts'
import { compactTable } from '../../lake/compaction/compact-table.ts'
import type { Lease } from '../../state/lease.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface CompactTablesDeps
  extends Omit<CompactDeps, 'sql' | 'files' | 'now' | 'signal' | 'catalog' | 'onProgress'> {
  readonly catalog: Pick<GlueCatalog, 'tables' | 'entry' | 'publishBase' | 'dropPartitions' | 'refreshView'>
  readonly stage: LambdaStage
  readonly lease: Pick<Lease, 'take' | 'release'>
  /** Copies of one table's objects, and what is written of it, in a folder that goes when it is closed. */
  readonly open: () => ObjectFiles & { close(): Promise<void> }
  /** For what DuckDB spills. */
  readonly temporary: string
  /** For DuckDB, as it writes them: `512MB`. */
  readonly memory: string
  readonly keepHistoryDays: number | undefined
}

/** What a call did: table versions as `name vN`. */
export interface CompactAnswer {
  readonly done: readonly CompactionResult[]
  /** Another call compacts them. */
  readonly busy: readonly string[]
  readonly failed: readonly { readonly table: string; readonly code: string }[]
  /** Not begun, or broken off before they were shown: the time was over. */
  readonly left: readonly string[]
}

const request = z.strictObject({ table: z.string().min(1).optional() })

/** For showing a build after the last look at the clock, and the answer. */
const RESERVE_MS = 30_000
/* A lease outlives its function, which Lambda ends after 15 minutes. */
const LEASE_MS = 16 * 60_000
/* Athena ends a query after 30 minutes, unless an account has a larger quota. */
const GRACE_MS = 3_600_000

/**
 * Compacts tables one after the other, those whose last compaction began longest ago first, until the time is over; one
 * that cannot be compacted does not keep the others. Event: `{}`, or `{"table": "workforce.shifts"}`. Throws ZodError for
 * another event, `usage/invalid` for a table that the catalog has not, and what the catalog throws.
 */
export async function compactTables(event: unknown, deps: CompactTablesDeps): Promise<CompactAnswer> {
  const { table } = request.parse(event)
  const { stage, catalog, ledger } = deps
  const asked = (await catalog.tables()).filter(({ name }) => table === undefined || name === table)
  if (table !== undefined && asked.length === 0)
    throw new PipelineError('usage/invalid', `${table} is not in the catalog`)
  const signal = AbortSignal.timeout(Math.max(1, stage.remainingMs - RESERVE_MS))
  const done: CompactionResult[] = []
  const busy: string[] = []
  const failed: { table: string; code: string }[] = []
  const left: string[] = []
  for (const { one, foldedAt } of await inTurn(asked, ledger)) {
    const label = printTableVersion(one)
    const outcome = signal.aborted ? 'left' : await attempt(one, label, signal, deps)
    if (outcome === 'left') left.push(label)
    else if (outcome === 'busy') busy.push(label)
    else if ('code' in outcome) failed.push({ table: label, code: outcome.code })
    else done.push(outcome)
    const since = typeof outcome === 'string' || 'code' in outcome ? foldedAt : stage.now()
    if (since !== null)
      stage.metrics.level('foldedAge', Math.round((stage.now() - since) / 1_000), 'Seconds', one.name)
  }
  stage.metrics.level('left', left.length)
  return { done, busy, failed, left }
}

/* A table that is broken off each time must not keep the others from their turn. */
async function inTurn(tables: readonly CatalogTable[], ledger: CompactTablesDeps['ledger']) {
  const known: { one: CatalogTable; begunAt: number; foldedAt: number | null }[] = []
  for (const one of tables) {
    const { begunAt = null, foldedAt = null } = (await ledger.read(one.name, one.version)) ?? {}
    known.push({ one, begunAt: begunAt ?? 0, foldedAt })
  }
  return known.sort((one, other) => one.begunAt - other.begunAt)
}

async function attempt(
  table: CatalogTable,
  label: string,
  signal: AbortSignal,
  deps: CompactTablesDeps,
): Promise<CompactionResult | 'busy' | 'left' | { readonly code: string }> {
  const { stage } = deps
  try {
    const result = await compactOne(table, label, signal, deps)
    if (result === undefined) return 'busy'
    return result.state === 'interrupted' ? 'left' : result
  } catch (error) {
    const code = error instanceof PipelineError ? error.code : 'unknown'
    /* The statement that ran was interrupted; if it was something else, it will come again. */
    if (signal.aborted && code === 'lake/unreadable') return 'left'
    stage.failed(error, { table: label })
    return { code }
  }
}

async function compactOne(
  { name, version }: CatalogTable,
  label: string,
  signal: AbortSignal,
  deps: CompactTablesDeps,
): Promise<CompactionResult | undefined> {
  const { stage, lease, open, temporary, memory, keepHistoryDays, catalog } = deps
  const lock = `compact#${label}`
  if (!(await lease.take(lock, LEASE_MS))) return undefined
  const files = open()
  const sql = new LazyEngine({ temporary, memory })
  const stop = () => sql.interrupt()
  signal.addEventListener('abort', stop)
  try {
    /* The last call may have ended between a base and its view: files of the build before go only behind the view. */
    await catalog.refreshView(name)
    const one: CompactDeps['catalog'] = {
      entries: async () => [await catalog.entry(name, version)],
      publishBase: (...given) => catalog.publishBase(...given),
      dropPartitions: (...given) => catalog.dropPartitions(...given),
    }
    const ports = { ...deps, catalog: one, files, sql, now: stage.now, signal }
    const result = await compactTable(name, version, ports, { keepHistoryDays, graceMs: GRACE_MS })
    noteCompaction(result, stage)
    return result
  } finally {
    signal.removeEventListener('abort', stop)
    await Promise.allSettled([sql.close(), files.close()])
    await lease.release(lock).catch((error: unknown) => stage.failed(error, { table: label }))
  }
}

/** Metrics by table and a log line of what a compaction did. `amplification`: bytes written for each byte of new history. */
function noteCompaction(result: CompactionResult, { log, metrics }: LambdaStage): void {
  const { table, version, state, droppedDays, ...counts } = result
  const { rows, partsWritten, partsCarried, bytesWritten, freshFiles, freshBytes } = counts
  const { mergedFiles, deletedFiles } = counts
  metrics.level('rows', rows, 'Count', table)
  if (freshBytes > 0)
    metrics.level('amplification', Math.round((bytesWritten / freshBytes) * 10) / 10, 'Count', table)
  const amounts = {
    partsWritten,
    partsCarried,
    bytesWritten,
    freshFiles,
    freshBytes,
    mergedFiles,
    deletedFiles,
    droppedDays: droppedDays.length,
  }
  for (const [name, amount] of Object.entries(amounts)) metrics.count(name, amount, table)
  log.info('compact.table', {
    table,
    version,
    state,
    build: counts.build ?? 0,
    rows,
    touched: counts.touched,
    ...amounts,
  })
}
