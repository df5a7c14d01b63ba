import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Logger } from '../../core/ports/ports.ts'
import { knownContracts } from '../contracts/choose-contracts.ts'
import { lockFolder } from '../pipeline/folder-lock.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { giveUpPages } from '../recovery/give-up-pages.ts'
import { type Repair, repairFolder } from '../recovery/repair-folder.ts'
import { type RunFolder, runFolder } from '../state/run-folder.ts'
import { RunState } from '../state/run-state.ts'
import { readState, StateFile } from '../state/state-file.ts'
import { renewStatus } from './stored-status.ts'

export interface StoredPipelineOptions {
  readonly dir: string
  readonly contracts: readonly Table[]
  readonly log: Logger
  /** Pages that are to be repaired: a damaged one that format would come to and end at is taken out before. */
  readonly repaired?: readonly string[]
}

export interface StoredPipeline {
  readonly pipeline: Pipeline
  readonly tables: readonly Table[]
  /** What was lost or damaged of the folder, and was made again. */
  readonly repairs: readonly Repair[]
  /** Pages that were taken out. */
  readonly givenUp: ReadonlySet<string>
}

/** Contracts of the tables that a folder has. Throws `run/not-found`. */
export async function contractsOf(folder: RunFolder, contracts: readonly Table[]): Promise<readonly Table[]> {
  return readState(folder, async ({ documents, catalog }) => {
    const state = await RunState.read(documents)
    if (state === undefined) throw new PipelineError('run/not-found', `no run in ${folder.root}`)
    /* Also tables whose load has not begun: their changes may be in the raw store already. */
    const registered = (await catalog.entries()).map(({ table }) => table.source)
    const sources = [...new Set([...Object.keys(state.loads), ...registered])]
    return knownContracts(sources, contracts, { system: state.source.name, file: folder.contracts })
  })
}

/**
 * Runs the stages of a folder without its source for as long as the work takes, and repairs the folder before. What was
 * delivered is landed when it resolves, and the status of the folder says so. Throws `run/not-found`, `run/locked`, `run/damaged` and what the work throws.
 */
export async function withStoredPipeline<T>(
  { dir, contracts, log, repaired = [] }: StoredPipelineOptions,
  work: (stored: StoredPipeline) => Promise<T>,
): Promise<T> {
  const folder = runFolder(dir)
  const lock = await lockFolder(dir)
  try {
    const { repairs } = await repairFolder(folder, { contracts, log, now: Date.now })
    const givenUp = await giveUpPages(repaired, folder)
    const tables = await contractsOf(folder, contracts)
    const hints = { bytes: 16 << 20, milliseconds: 50 }
    const state = await StateFile.open(folder)
    const pipeline = await Pipeline.open({ folder, state, tables, hints, log })
    pipeline.start()
    let result: T
    try {
      result = await Promise.race([work({ pipeline, tables, repairs, givenUp }), pipeline.failed])
    } finally {
      await pipeline.stop()
    }
    /* The work is done, whether it can be told or not. */
    await renewStatus(pipeline, Date.now).catch(() => undefined)
    return result
  } finally {
    await lock.release()
  }
}
