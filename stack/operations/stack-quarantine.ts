import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { type RedriveResult, redriveResult } from '../../core/operations/answers.ts'
import type { RedriveRequest } from '../../core/operations/stack-requests.ts'
import type { Quarantine } from '../../core/ports/ports.ts'
import { nextRevision } from '../../engine/replay/next-revision.ts'
import { invokeFunction } from '../invoke-function.ts'
import { outputsOf, readStack } from '../stack.ts'

export interface WaitingFilter {
  readonly table?: string
  readonly cause?: string
}

/** The function `format` of a stack, and its catalog. */
export interface RedriveWaitingParts {
  readonly ask: (request: RedriveRequest) => Promise<RedriveResult>
  /** A revision of a contract, `name vN`, that no reading has; readers see its rows from now on. */
  readonly publish: (contract: string) => Promise<number>
}

/**
 * Has waiting changes formatted again. Asked first what would pass, then readers are shown a revision of those contracts,
 * then it is done, as often as the time of the function demands; what passes and what still waits are of all of it.
 */
export async function redriveWaiting(
  filter: WaitingFilter,
  isDryRun: boolean,
  { ask, publish }: RedriveWaitingParts,
): Promise<RedriveResult> {
  const revisions: Record<string, number> = {}
  const counts = new Map<string, number>()
  let passed = 0
  for (;;) {
    const first = await ask({ ...filter, isDryRun: true, revisions: {} })
    if (isDryRun || (passed === 0 && first.contracts.length === 0)) return first
    for (const { contract } of first.contracts) revisions[contract] ??= await publish(contract)
    const done = await ask({ ...filter, isDryRun: false, revisions })
    passed += done.passed
    for (const { contract, count } of done.contracts)
      counts.set(contract, (counts.get(contract) ?? 0) + count)
    if (done.isInterrupted && done.passed > 0) continue
    const contracts = [...counts].map(([contract, count]) => ({ contract, count }))
    return { ...done, considered: passed + done.refused, passed, contracts }
  }
}

/** `redriveWaiting` on a stack. The SDK is loaded only by who needs it. */
export async function redriveOnStack(
  files: string | readonly string[],
  tables: readonly Table[],
  { isDryRun, ...filter }: WaitingFilter & { readonly isDryRun: boolean },
): Promise<RedriveResult> {
  const stack = await readStack(files)
  const {
    region,
    bucket,
    catalog_prefix: prefix,
    ledger_table: ledger,
  } = outputsOf(stack, 'data', ['region', 'bucket', 'catalog_prefix', 'ledger_table'])
  const { openCatalog, openLease, openObjects, withAws } = await import('../../aws/open-aws.ts')
  const { withRevisionLease } = await import('../../state/revision-lease.ts')
  const { ObjectDocuments } = await import('../../aws/s3/object-documents.ts')
  const { ReplayDocuments } = await import('../../state/documents/replay-documents.ts')
  return withAws({ region }, (aws) => {
    const catalog = openCatalog(aws, { bucket, prefix }, tables)
    const replays = new ReplayDocuments(new ObjectDocuments(openObjects(aws, bucket)))
    const lease = openLease(aws, ledger)
    return redriveWaiting(filter, isDryRun, {
      ask: (redrive) => invokeFunction(files, 'format', { redrive }, redriveResult),
      publish: async (contract) => {
        const table = tables.find((table) => printTableVersion(table) === contract)
        if (table === undefined)
          throw new PipelineError('usage/invalid', `--contracts has no ${contract}, which is deployed`)
        /* A revision that is shown here must not be that of a replay, which would be shown half. */
        const chosen = await withRevisionLease(contract, lease, async () => {
          const begun = { all: () => replays.of(table.name, table.version) }
          const revision = await nextRevision(table, { catalog, ledger: begun })
          await catalog.publishRevision(table.name, table.version, revision)
          return revision
        })
        if (chosen !== undefined) return chosen
        throw new PipelineError(
          'function/busy',
          `a revision of ${contract} is being chosen: repeat the command`,
        )
      },
    })
  })
}

/** Reads what waits in the quarantine of a stack. */
export async function withStackQuarantine<T>(
  files: string | readonly string[],
  read: (quarantine: Pick<Quarantine, 'list'>) => Promise<T>,
): Promise<T> {
  const { region, quarantine_table: name } = outputsOf(await readStack(files), 'data', [
    'region',
    'quarantine_table',
  ])
  const { openQuarantine, withAws } = await import('../../aws/open-aws.ts')
  /* Only read: nothing gets a time to expire. */
  return withAws({ region }, (aws) => read(openQuarantine(aws, name, 1)))
}
