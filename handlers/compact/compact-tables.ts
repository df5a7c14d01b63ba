import * as z from 'zod'
import type { DynamoLease } from '../../aws/dynamo/dynamo-lease.ts'
import type { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import type { S3Files } from '../../aws/s3/s3-files.ts'
import { PipelineError } from '../../core/failures.ts'
import type { CatalogEntry } from '../../core/ports.ts'
import { type CompactDeps, type CompactionResult, compactTable } from '../../lake/compaction/compact-table.ts'
import { LazyEngine } from '../../local/duckdb/lazy-engine.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import { noteCompaction } from './note-compaction.ts'

export interface CompactTablesDeps extends Omit<CompactDeps, 'sql' | 'files' | 'now' | 'signal'> {
  readonly catalog: CompactDeps['catalog'] & Pick<GlueCatalog, 'refreshView'>
  readonly stage: LambdaStage
  readonly lease: Pick<DynamoLease, 'take' | 'release'>
  /** Copies of one table's objects, and what is written of it, in a folder that goes when it is closed. */
  readonly open: () => S3Files
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

/** For what a build does after its last look at the clock, and the answer. */
const RESERVE_MS = 30_000
/* A lease outlives its function, which Lambda ends after 15 minutes. */
const LEASE_MS = 16 * 60_000

/**
 * Compacts tables one after the other, those whose last compaction is longest ago first, until the time is over; one
 * that cannot be compacted does not keep the others. Event: `{}`, or `{"table": "workforce.shifts"}`. Throws ZodError for
 * another event, `usage/invalid` for a table that the catalog has not, and what the catalog throws.
 */
export async function compactTables(event: unknown, deps: CompactTablesDeps): Promise<CompactAnswer> {
  const { table } = request.parse(event)
  const entries = (await deps.catalog.entries()).filter(
    (entry) => table === undefined || entry.table.name === table,
  )
  if (table !== undefined && entries.length === 0)
    throw new PipelineError('usage/invalid', `${table} is not in the catalog`)
  const signal = AbortSignal.timeout(Math.max(1, deps.stage.remainingMs - RESERVE_MS))
  const done: CompactionResult[] = []
  const busy: string[] = []
  const failed: { table: string; code: string }[] = []
  const left: string[] = []
  for (const entry of entries.toSorted(byBuildTime)) {
    const label = `${entry.table.name} v${entry.table.version}`
    if (signal.aborted) {
      left.push(label)
      continue
    }
    try {
      const result = await deps.stage.part(label, () => compactOne(entry, label, signal, deps))
      if (result === undefined) busy.push(label)
      else if (result.state === 'interrupted') left.push(label)
      else done.push(result)
    } catch (error) {
      deps.stage.failed(error, { table: label })
      failed.push({ table: label, code: error instanceof PipelineError ? error.code : 'unknown' })
    }
  }
  deps.stage.metrics.count('left', left.length)
  return { done, busy, failed, left }
}

/* Of an entry without base nothing is folded yet; of others the older position has waited longer. */
function byBuildTime({ base: one }: CatalogEntry, { base: other }: CatalogEntry): number {
  const [left, right] = [one?.position ?? '', other?.position ?? '']
  return left < right ? -1 : left > right ? 1 : 0
}

async function compactOne(
  { table: { name, version } }: CatalogEntry,
  label: string,
  signal: AbortSignal,
  deps: CompactTablesDeps,
): Promise<CompactionResult | undefined> {
  const { stage, lease, open, temporary, memory, keepHistoryDays } = deps
  const lock = `compact#${label}`
  if (!(await lease.take(lock, LEASE_MS))) return undefined
  const files = open()
  const sql = new LazyEngine({ temporary, memory })
  try {
    const ports = { ...deps, files, sql, now: stage.now, signal }
    const result = await compactTable(name, version, ports, { keepHistoryDays })
    /* Also when there is nothing new: the last call may have ended between the base and its view. */
    await deps.catalog.refreshView(name)
    noteCompaction(result, stage)
    return result
  } finally {
    await sql.close()
    await files.close()
    await lease.release(lock)
  }
}
