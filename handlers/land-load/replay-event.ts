import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ReplayAnswer } from '../../core/operations/answers.ts'
import type { ReplayRequest } from '../../core/operations/stack-requests.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import type { Lease } from '../../state/lease.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import { type ReplayTableDeps, replayTable, tryReplay } from './replay-table.ts'

export interface ReplayEventDeps extends ReplayTableDeps {
  readonly tables: readonly Table[]
  readonly maskKey: () => Promise<MaskKey>
  readonly lease: Pick<Lease, 'take' | 'release'>
  readonly stage: LambdaStage
}

/* A lease outlives its function, which Lambda ends after 15 minutes. */
const LEASE_MS = 16 * 60_000

/**
 * Goes on with the replay of a table, or begins it: the same request again until it is complete. One at a time for each
 * table version. Throws `table/not-deployed` when this function has another contract than the one that is meant, and what
 * `replayTable` throws.
 */
export async function replayEvent(
  { table: name, version, contract, isDryRun, after }: ReplayRequest,
  deps: ReplayEventDeps,
): Promise<ReplayAnswer> {
  const { tables, lease, stage } = deps
  const label = `${name} v${version}`
  const table = tables.find((one) => one.name === name && one.version === version)
  if (table === undefined || contractDigest(table) !== contract)
    throw new PipelineError('table/not-deployed', `function land-load has another ${label}, or none`)
  const route = { table, codec: rowCodec(table, await deps.maskKey()) }
  if (isDryRun) return tryReplay(route, after, deps)
  const lock = `replay#${label}`
  if (!(await lease.take(lock, LEASE_MS))) return { state: 'busy' }
  try {
    return (await replayTable(route, deps)) ?? { state: 'busy' }
  } finally {
    await lease.release(lock).catch((error: unknown) => stage.failed(error, { table: label }))
  }
}
