import { contractDigests } from '../../core/contract/contract-digest.ts'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import type { Logger } from '../../core/ports.ts'
import { type Operation, parseOperation, runOperation } from '../operations/operation.ts'
import { knownContracts } from '../pipeline/choose-contracts.ts'
import { askOperation, folderHolder, lockFolder } from '../pipeline/folder-lock.ts'
import { Pipeline } from '../pipeline/pipeline.ts'
import { runFolder } from '../pipeline/run-folder.ts'
import { RunState } from '../pipeline/run-state.ts'
import { FileCatalog } from '../stores/file-catalog.ts'

export interface PerformOptions {
  readonly dir: string
  readonly contracts: readonly Table[]
  readonly log: Logger
  readonly signal: AbortSignal
  readonly onProgress: (progress: unknown) => void
}

/** An operation without the digests of the caller's contracts. */
export type Request = Operation extends infer O
  ? O extends { contracts: unknown }
    ? Omit<O, 'contracts'>
    : O
  : never

/**
 * Runs an operation on a folder: in the process that runs there, which alone may write, or here when none does; the
 * source is not needed for it. Throws `run/not-found`, `run/locked` and what the operation throws.
 */
export async function performOperation(request: Request, options: PerformOptions): Promise<unknown> {
  const { dir, contracts, signal, onProgress } = options
  const folder = runFolder(dir)
  const state = await RunState.read(folder.state)
  if (state === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  /* Also tables whose load has not begun: their changes may be in the raw store already. */
  const registered = (await new FileCatalog(folder.catalog).entries()).map(({ table }) => table.source)
  const sources = [...new Set([...Object.keys(state.loads), ...registered])]
  const tables = await knownContracts(sources, contracts, {
    system: state.source.name,
    file: folder.contracts,
  })
  const whole = parseOperation({ ...request, contracts: contractDigests(tables) })
  if ((await folderHolder(dir)) !== undefined) return askOperation(dir, whole, { signal, onProgress })
  const lock = await lockFolder(dir)
  try {
    const hints = { bytes: 16 << 20, milliseconds: 200 }
    const pipeline = await Pipeline.open({ folder, tables, hints, log: options.log })
    pipeline.start()
    try {
      const work = runOperation(whole, { pipeline, now: Date.now, signal, onProgress })
      return await Promise.race([work, pipeline.failed])
    } finally {
      /* What was delivered is landed before the command ends. */
      await pipeline.stop()
    }
  } finally {
    await lock.release()
  }
}
