import * as z from 'zod'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Catalog, Clock, Delivery, Ledger, ObjectStore, Quarantine } from '../../core/ports/ports.ts'
import { isPosition } from '../../core/position.ts'
import type { Healed, HealKeys } from '../../engine/reconcile/reconcile.ts'
import { nextRevision } from '../../engine/replay/next-revision.ts'
import { type RedriveResult, redrive } from '../../formatters/redrive.ts'
import { router } from '../../formatters/route.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { Meter } from '../pipeline/meter.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { ReplayLedger } from '../state/replay-ledger.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { RunState } from '../state/run-state.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import { checkContracts } from './check-contracts.ts'
import { runCompact } from './compact-operation.ts'
import { defined } from './defined.ts'
import { expireQuarantine } from './expire-quarantine.ts'
import { type LoadParts, startLoad } from './load-operation.ts'
import { recoverEntry } from './recover-entry.ts'
import { runReplay } from './replay-operation.ts'

const position = z.string().refine(isPosition)

/** What can be asked of a pipeline, by a command or by another process. */
const operation = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('redrive'),
    table: z.string().optional(),
    cause: z.string().optional(),
    isDryRun: z.boolean(),
    /** Digest of each contract that the caller knows, by `name vN`: an old pipeline must not answer for a new contract. */
    contracts: z.record(z.string(), z.string()),
  }),
  z.object({
    kind: z.literal('replay'),
    table: z.string(),
    version: z.number().int().optional(),
    from: position.optional(),
    to: position.optional(),
    isDryRun: z.boolean(),
    contracts: z.record(z.string(), z.string()),
  }),
  z.object({
    kind: z.literal('load-start'),
    tables: z.array(z.string()).min(1),
    window: z.string().optional(),
    isDryRun: z.boolean(),
  }),
  z.object({
    kind: z.literal('compact'),
    table: z.string().optional(),
    isDryRun: z.boolean(),
    isRebuild: z.boolean().optional(),
    graceMs: z.number().min(0).optional(),
    keepHistoryDays: z.number().int().min(1).optional(),
    fileBytes: z.number().int().min(1).optional(),
    memoryMb: z.number().int().min(1).optional(),
  }),
  z.object({ kind: z.literal('heal'), keys: z.record(z.string(), z.array(z.string())) }),
  z.object({
    kind: z.literal('table-add'),
    tables: z.array(z.string()).min(1),
    isLoaded: z.boolean(),
    isDryRun: z.boolean(),
    contracts: z.record(z.string(), z.string()),
  }),
  z.object({ kind: z.literal('load-resume'), load: z.string() }),
  z.object({ kind: z.literal('load-cancel'), load: z.string() }),
  z.object({ kind: z.literal('expire'), olderThanMs: z.number().min(0), isDryRun: z.boolean() }),
])
export type Operation = z.infer<typeof operation>

/** What operations write into the ledger, and what a replay asks it. */
export type OperationLedger = Pick<
  Ledger,
  'redriven' | 'landed' | 'replayed' | 'replaceFiles' | 'recordLoadFile'
> &
  Pick<FolderLedger, 'days' | 'files' | 'isBalanced' | 'book'>

/** What operations need of a pipeline. */
export interface OperationParts {
  readonly raw: FolderRawStore
  readonly quarantine: Quarantine
  readonly delivery: Delivery
  readonly ledger: OperationLedger
  readonly objects: ObjectStore
  readonly catalog: Catalog
  readonly tables: readonly Table[]
  readonly maskKey: MaskKey
  readonly folder: RunFolder
  readonly meter?: Pick<Meter, 'compacted'>
  readonly capture: Pipeline['capture']
}

/** What only the process that reads the source can do. */
export interface RunningParts extends LoadParts {
  /** Compares keys again and sends those that differ; see `heal`. */
  readonly heal: (keys: HealKeys, signal: AbortSignal) => Promise<Healed>
  /** Captures more tables from now on; see `addTables`. */
  readonly addTables: (
    request: Extract<Operation, { kind: 'table-add' }>,
    context: Pick<OperationContext, 'signal' | 'onProgress'>,
  ) => Promise<unknown>
}

export interface OperationContext {
  readonly pipeline: OperationParts
  /** Of the process that reads the source; without it nothing can be asked for that needs it. */
  readonly running?: RunningParts
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress: (progress: unknown) => void
}

/** A request as it came from another process. Throws `usage/invalid` when it is none of this version. */
export function parseOperation(request: unknown): Operation {
  const parsed = operation.safeParse(request)
  if (parsed.success) return parsed.data
  const places = parsed.error.issues.map(({ path }) => path.join('.'))
  throw new PipelineError('usage/invalid', `not an operation that this Tidemark knows: ${places.join(', ')}`)
}

/** Runs an operation on a started pipeline. Throws `usage/invalid` for an unknown table, `run/contract-changed`, and what stores throw. */
export async function runOperation(request: Operation, context: OperationContext): Promise<unknown> {
  switch (request.kind) {
    case 'expire':
      return expireQuarantine(context.pipeline.quarantine, { ...request, now: context.now })
    case 'redrive':
      return runRedrive(request, context)
    case 'replay':
      return runReplay(request, context)
    case 'compact': {
      const { pipeline, ...rest } = context
      const compacted = await runCompact(defined(request), {
        ...rest,
        catalog: pipeline.catalog,
        manifest: pipeline.ledger,
        root: pipeline.folder.root,
      })
      if (!compacted.isDryRun)
        for (const { table, version, state, bytesWritten } of compacted.results)
          if (state === 'published') pipeline.meter?.compacted(table, version, bytesWritten)
      return compacted
    }
    case 'load-start':
      return startLoad(request, running(context))
    case 'load-resume':
      return running(context).runner.resume(request.load)
    case 'load-cancel':
      return running(context).runner.cancel(request.load)
    case 'table-add':
      return running(context).addTables(request, context)
    case 'heal':
      return running(context).heal(request.keys, context.signal)
  }
}

function running({ running: parts, pipeline }: OperationContext): RunningParts {
  if (parts === undefined)
    throw new PipelineError('run/not-running', `nothing runs in ${pipeline.folder.root}`)
  return parts
}

async function runRedrive(
  { table, cause, isDryRun, contracts }: Extract<Operation, { kind: 'redrive' }>,
  { pipeline, signal, onProgress }: OperationContext,
): Promise<RedriveResult> {
  const { tables, maskKey, quarantine, delivery, ledger, folder } = pipeline
  checkContracts(tables, contracts)
  const epoch = (await RunState.read(folder.state))?.epoch ?? 1
  const filter = { ...(table === undefined ? {} : { table }), ...(cause === undefined ? {} : { cause }) }
  return redrive(filter, {
    quarantine,
    delivery,
    ledger,
    route: router(tables, maskKey),
    revisionOf: freshRevisions(pipeline),
    recover: (entry) => recoverEntry(entry, pipeline, { epoch, isDryRun }),
    isDryRun,
    signal,
    onProgress: (considered) => onProgress({ considered }),
  })
}

/* One new revision for each table of a redrive, shown before its rows come: each of them is right by itself. */
function freshRevisions({ catalog, folder }: OperationParts): (table: Table) => Promise<number> {
  const ledger = new ReplayLedger(folder.replays)
  const known = new Map<Table, number>()
  return async (table) => {
    const before = known.get(table)
    if (before !== undefined) return before
    const revision = await nextRevision(table, { catalog, ledger })
    await catalog.publishRevision(table.name, table.version, revision)
    known.set(table, revision)
    return revision
  }
}
