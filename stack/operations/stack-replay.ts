import { setTimeout as sleep } from 'node:timers/promises'
import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import {
  type RedriveResult,
  type ReplayAnswer,
  type ReplayProgress,
  replayAnswer,
} from '../../core/operations/answers.ts'
import type { ReplayRequest } from '../../core/operations/stack-requests.ts'
import { invokeWhenFree } from '../invoke-function.ts'
import { readStack } from '../stack.ts'
import { checkDeployed } from '../tables/check-deployed.ts'
import { redriveOnStack } from './stack-quarantine.ts'

/** The function `land-load` of a stack. */
export interface ReplayParts {
  readonly ask: (piece: ReplayRequest) => Promise<ReplayAnswer>
  /** While another request is at it. */
  readonly wait: () => Promise<void>
  readonly onProgress: (progress: ReplayProgress) => void
}

/** What a replay on a stack made, and then a redrive of what waited. */
export interface StackReplay extends Omit<ReplayProgress, 'after'> {
  readonly table: string
  readonly version: number
  readonly redriven: RedriveResult
}

const BUSY_MS = 10_000
/* A function that a command before left running ends within this, and so does its lease. */
const MOST_BUSY = 100

/** Asks for a replay piece by piece until it is complete; of a dry run the pieces are added up. Throws `function/busy`. */
export async function replayByPieces(
  asked: Omit<ReplayRequest, 'after'>,
  { ask, wait, onProgress }: ReplayParts,
): Promise<ReplayProgress> {
  let known: ReplayProgress | undefined
  for (let waits = 0; ; ) {
    const after = asked.isDryRun ? (known?.after ?? null) : null
    const found = await ask({ ...asked, after })
    if (found.state === 'busy') {
      waits += 1
      if (waits === MOST_BUSY)
        throw new PipelineError('function/busy', `${asked.table} is being replayed by another command`)
      await wait()
      continue
    }
    if (found.state === 'running' && known !== undefined && found.after === known.after)
      throw new PipelineError('function/failed', 'the function land-load has not time enough for one file')
    known = asked.isDryRun && known !== undefined ? sumOf(known, found) : found
    onProgress(known)
    if (known.state !== 'running') return known
    waits = 0
  }
}

/**
 * Replays a table on a stack whose functions have the contract, then has what waits formatted with it: each change comes in
 * once, however it was kept. Throws `table/not-deployed`.
 */
export async function replayOnStack(
  files: string | readonly string[],
  tables: readonly Table[],
  { table, isDryRun }: { readonly table: Table; readonly isDryRun: boolean },
  onProgress: ReplayParts['onProgress'],
): Promise<StackReplay> {
  /* One that format has not would come back with what is captured meanwhile. */
  await checkDeployed(files, await readStack(files), { system: table.source.system, contracts: [table] })
  const { name, version } = table
  const done = await replayByPieces(
    { table: name, version, contract: contractDigest(table), isDryRun },
    {
      ask: (replay) => invokeWhenFree(files, 'land_load', { replay }, replayAnswer),
      wait: () => sleep(BUSY_MS),
      onProgress,
    },
  )
  const redriven = await redriveOnStack(files, tables, { isDryRun, table: name })
  const { after: _, ...counts } = done
  return { table: name, version, ...counts, redriven }
}

function sumOf(before: ReplayProgress, found: ReplayProgress): ReplayProgress {
  return {
    ...found,
    pages: before.pages + found.pages,
    changes: before.changes + found.changes,
    rows: before.rows + found.rows,
    refused: before.refused + found.refused,
    from: before.from ?? found.from,
    since: before.from === null ? found.since : before.since,
  }
}
