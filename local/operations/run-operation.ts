import { PipelineError } from '../../core/failures/failures.ts'
import type { RedriveResult } from '../../core/operations/answers.ts'
import type { Answers, Operation, OperationKind } from '../../core/operations/operations.ts'
import { redrive } from '../../formatters/redrive.ts'
import { router } from '../../formatters/route.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { KnownTables } from '../contracts/known-tables.ts'
import { RunState } from '../state/run-state.ts'
import { checkContracts } from './check-contracts.ts'
import { runCompact } from './compact-operation.ts'
import { expireQuarantine } from './expire-quarantine.ts'
import { freshRevisions } from './fresh-revisions.ts'
import { startLoad } from './load-operation.ts'
import type { OperationContext, RunningParts } from './operation-parts.ts'
import { recoverEntry } from './recover-entry.ts'
import { runRepair } from './repair-operation.ts'
import { runReplay } from './replay-operation.ts'

type Performers = {
  readonly [K in OperationKind]: (
    request: { readonly kind: K } & Operation<K>,
    context: OperationContext,
  ) => Promise<Answers[K]>
}

const performers: Performers = {
  expire: (request, { pipeline, now }) => expireQuarantine(pipeline.quarantine, { ...request, now }),
  redrive: runRedrive,
  replay: runReplay,
  repair: runRepair,
  compact: async (request, { pipeline, now, signal, onProgress }) => {
    const compacted = await runCompact(defined(request), {
      now,
      signal,
      onProgress,
      catalog: pipeline.catalog,
      ledger: new CompactionDocuments(pipeline.documents),
      manifest: pipeline.ledger,
      root: pipeline.folder.root,
    })
    if (!compacted.isDryRun)
      for (const { table, version, state, bytesWritten } of compacted.results)
        if (state === 'published') pipeline.meter?.compacted(table, version, bytesWritten)
    return compacted
  },
  'load-start': (request, context) => startLoad(request, running(context)),
  'load-resume': ({ load }, context) => running(context).runner.resume(load),
  'load-cancel': ({ load }, context) => running(context).runner.cancel(load),
  'table-add': (request, context) =>
    running(context).addTables({ ...request, contracts: context.contracts }, context),
  heal: ({ keys }, context) => running(context).heal(keys, context.signal),
}

/** Runs an operation on a started pipeline. Throws `usage/invalid` for an unknown table, `run/contract-changed`, and what stores throw. */
export async function runOperation<K extends OperationKind>(
  request: Operation<K>,
  context: OperationContext,
): Promise<Answers[K]> {
  return performers[request.kind](request, context)
}

function running({ running: parts, pipeline }: OperationContext): RunningParts {
  if (parts === undefined)
    throw new PipelineError('run/not-running', `nothing runs in ${pipeline.folder.root}`)
  return parts
}

async function runRedrive(
  { table, cause, isDryRun }: Operation<'redrive'>,
  { pipeline, contracts, signal, onProgress }: OperationContext,
): Promise<RedriveResult> {
  const { tables, maskKey, quarantine, delivery, ledger, documents, folder } = pipeline
  checkContracts(tables, contracts)
  const epoch = (await RunState.read(documents))?.epoch ?? 1
  const followed = await KnownTables.open(folder.tables)
  const hasFormer = (name: string) => followed.hasFormer(name)
  const filter = { ...(table === undefined ? {} : { table }), ...(cause === undefined ? {} : { cause }) }
  return redrive(filter, {
    quarantine,
    delivery,
    ledger,
    route: router(tables, maskKey),
    revisionOf: freshRevisions(pipeline),
    recover: (entry) => recoverEntry(entry, pipeline, { epoch, isDryRun, hasFormer }),
    isDryRun,
    signal,
    onProgress: (considered) => onProgress({ considered }),
  })
}

/** A value without the members that are undefined: what was not asked for takes its default. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  /* The entries are those of the value; only their types are lost on the way. */
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
