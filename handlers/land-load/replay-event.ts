import { recordBytes } from '../../aws/firehose/pack-records.ts'
import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ReplayAnswer } from '../../core/operations/answers.ts'
import type { ReplayRequest } from '../../core/operations/stack-requests.ts'
import { type Replayed, replay } from '../../engine/replay/replay.ts'
import type { ReplayDeps } from '../../engine/replay/replay-deps.ts'
import { routeOf } from '../../formatters/route.ts'
import type { Lease } from '../../state/lease.ts'
import { withRevisionLease } from '../../state/revision-lease.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface ReplayEventDeps
  extends Pick<ReplayDeps, 'raw' | 'quarantine' | 'objects' | 'catalog' | 'replays' | 'manifest' | 'open'> {
  readonly tables: readonly Table[]
  readonly maskKey: () => Promise<MaskKey>
  readonly lease: Pick<Lease, 'take' | 'release'>
  readonly stage: LambdaStage
}

/* A lease outlives its function, which Lambda ends after 15 minutes. */
const LEASE_MS = 16 * 60_000
/* For one more file, its reading back, the publishing and the answer. */
const RESERVE_MS = 90_000

/**
 * Goes on with the replay of a table, or begins it: the same request again until it is complete. One at a time for each
 * table version. Throws `table/not-deployed` when this function has another contract than the one that is meant, and what
 * `replay` throws.
 */
export async function replayEvent(
  { table: name, version, contract, isDryRun, after }: ReplayRequest,
  deps: ReplayEventDeps,
): Promise<ReplayAnswer> {
  const { tables, lease, stage, raw, quarantine, objects, catalog, replays, manifest, open } = deps
  const label = printTableVersion({ name, version })
  const table = tables.find((one) => one.name === name && one.version === version)
  if (table === undefined || contractDigest(table) !== contract)
    throw new PipelineError('table/not-deployed', `function land-load has another ${label}, or none`)
  const route = routeOf(table, await deps.maskKey())
  const call = async (): Promise<ReplayAnswer> => {
    const replayed = await replay(
      { route, range: {}, isDryRun, after },
      {
        raw,
        quarantine,
        objects,
        catalog,
        replays,
        manifest,
        open,
        now: () => stage.now(),
        isOver: () => stage.remainingMs < RESERVE_MS,
        maxBlockBytes: recordBytes,
        readBack: 'each',
        alone: (choose) => withRevisionLease(label, lease, choose),
        onProgress: ({ revision }, chunk) =>
          isDryRun ? undefined : stage.log.info('replay.chunk', { table: name, revision, ...chunk }),
      },
    )
    return replayed === undefined ? { state: 'busy' } : answerOf(replayed, isDryRun)
  }
  if (isDryRun) return call()
  const lock = `replay#${label}`
  if (!(await lease.take(lock, LEASE_MS))) return { state: 'busy' }
  try {
    return await call()
  } finally {
    await lease.release(lock).catch((error: unknown) => stage.failed(error, { table: label }))
  }
}

function answerOf({ state, replay: made }: Replayed, isDryRun: boolean): ReplayAnswer {
  const { revision, done: pages, changes, rows, refused, first: from, since, after } = made
  return {
    state: state === 'interrupted' ? 'running' : state,
    revision: isDryRun ? null : revision,
    pages,
    changes,
    rows,
    refused,
    from,
    since,
    after,
  }
}
