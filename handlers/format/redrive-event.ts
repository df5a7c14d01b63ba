import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { RedriveResult } from '../../core/operations/answers.ts'
import type { RedriveRequest } from '../../core/operations/stack-requests.ts'
import type { Delivery, Ledger, Quarantine, WaitingEntry } from '../../core/ports/ports.ts'
import { redrive } from '../../formatters/redrive.ts'
import type { Router } from '../../formatters/route.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface RedriveEventDeps {
  readonly quarantine: Pick<Quarantine, 'list' | 'put' | 'release'>
  readonly delivery: Delivery
  readonly ledger: Pick<Ledger, 'redriven'>
  readonly route: () => Promise<Router>
  readonly stage: LambdaStage
}

/* A batch that has begun is delivered and released before the time is over. */
const RESERVE_MS = 30_000

/**
 * Formats waiting changes again; what passes is delivered, then released. Stopped by the time, it says so and the same
 * request goes on. Throws `usage/invalid` for a contract without a revision, and what the ports throw.
 */
export async function redriveEvent(
  { table, cause, isDryRun, revisions }: RedriveRequest,
  { quarantine, delivery, ledger, route, stage }: RedriveEventDeps,
): Promise<RedriveResult> {
  const filter = { ...(table === undefined ? {} : { table }), ...(cause === undefined ? {} : { cause }) }
  const result = await redrive(filter, {
    quarantine,
    delivery,
    ledger,
    isDryRun,
    recover,
    route: await route(),
    revisionOf: async (one: Table) => {
      const label = printTableVersion(one)
      const revision = revisions[label]
      if (revision !== undefined) return revision
      throw new PipelineError('usage/invalid', `changes of ${label} came meanwhile: repeat the command`)
    },
    signal: AbortSignal.timeout(Math.max(1, stage.remainingMs - RESERVE_MS)),
  })
  const { considered, passed, refused } = result
  stage.log.info('format.redriven', { considered, passed, refused, isDryRun })
  return result
}

/* What capture and landing set aside was never a change that format could read. */
async function recover({ stage, reasons }: WaitingEntry) {
  const [first] = reasons
  const message = stage === 'capture' ? 'is no change that can be read' : 'is an object: land it again'
  return [{ code: first?.code ?? 'capture/undecodable', path: '', message } as const]
}
