import { findRecoverySource, type RecoveryDeps } from '../../core/audit/recovery-source.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { PipelineError } from '../../core/failures/failures.ts'
import type { RepairResult } from '../../core/operations/answers.ts'
import type { Operation } from '../../core/operations/operations.ts'
import { repair } from '../../engine/repair/repair.ts'
import type { RepairParts } from '../../engine/repair/repair-parts.ts'
import { workThrough } from '../../engine/repair/work-through.ts'
import { formatStored } from '../../formatters/format-stored.ts'
import { router } from '../../formatters/route.ts'
import { landOrReject } from '../../ingest/land/land-or-reject.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { newestLoad } from '../loads/land-kept-file.ts'
import { checkContracts } from './check-contracts.ts'
import { freshRevisions } from './fresh-revisions.ts'
import type { OperationContext } from './operation-parts.ts'
import { ownParts } from './own-parts.ts'

/** Makes again what an audit of the folder found lost or damaged: pages, landing objects, files of history and of loads. */
export async function runRepair(
  { pages, objects, files, isDryRun }: Operation<'repair'>,
  context: OperationContext,
): Promise<RepairResult> {
  const { pipeline, contracts, signal, onProgress } = context
  checkContracts(pipeline.tables, contracts)
  return repair({ pages, objects, files }, repairParts(context), { isDryRun, signal, onProgress })
}

function repairParts(context: OperationContext): RepairParts {
  const { pipeline, signal } = context
  const { raw, objects, ledger, tables } = pipeline
  const isOver = () => signal.aborted
  const revisionOf = freshRevisions(pipeline)
  const recovery: RecoveryDeps = {
    raw,
    records: ledger.records,
    readers: tables.map((table) => ({ contract: printTableVersion(table), source: table.source.table })),
    objects: {
      objects: async function* (prefix) {
        for (const key of await objects.list(prefix)) yield { key }
      },
    },
    load: (table) => newestLoad(table, pipeline),
  }
  return {
    format: (names) => workThrough(names, formatAgain(context, revisionOf), { isOver }),
    land: (names) => workThrough(names, (key) => landAgain(key, context), { isOver }),
    isHeld: async (kind, name) =>
      kind === 'object' ? (await objects.list(name)).includes(name) : raw.isWhole(name),
    pagesAside: (object) => ledger.records.pagesAside(object),
    findRecoverySource: (file) => findRecoverySource(file, recovery),
    forget: (day, file) => ledger.replaceFiles({ ...day, added: [], removed: [file] }),
    own: ownParts(context, revisionOf),
  }
}

/* At a revision of its own: with another contract than before, two readings of one revision would have no order. */
function formatAgain(
  { pipeline }: OperationContext,
  revisionOf: ReturnType<typeof freshRevisions>,
): (key: string) => Promise<boolean> {
  const { raw, quarantine, delivery, ledger, tables, maskKey } = pipeline
  const route = router(tables, maskKey)
  return async (key) => {
    const item = await raw.find(key)
    if (item === undefined) return false
    const isWaiting = (id: string) => quarantine.holds(id)
    await formatStored([await raw.page(item)], { quarantine, delivery, ledger, route, isWaiting, revisionOf })
    return true
  }
}

/* The stage that lands may be at the same object: either lands the same files, and one of them finds it gone. */
async function landAgain(key: string, { pipeline }: OperationContext): Promise<boolean> {
  const { objects, catalog, quarantine, ledger, tables } = pipeline
  if (!(await objects.list(key)).includes(key)) return false
  const refused: PipelineError[] = []
  await landOrReject(key, {
    objects,
    catalog,
    quarantine,
    ledger,
    historyFiles: historyFiles(tables),
    areBlocksKnown: true,
    observe: { landed: () => undefined, rejected: (error) => void refused.push(error) },
  })
  await objects.delete(key)
  if (refused[0] !== undefined) throw refused[0]
  return true
}
