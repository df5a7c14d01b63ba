import { stat } from 'node:fs/promises'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Logger } from '../../core/ports/ports.ts'
import { type Operation, parseOperation } from '../operations/operation.ts'
import { runOperation } from '../operations/run-operation.ts'
import { askOperation, folderHolder } from '../pipeline/folder-lock.ts'
import { runFolder } from '../state/run-folder.ts'
import { contractsOf, withStoredPipeline } from './stored-pipeline.ts'

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
  const whole = (tables: readonly Table[]) =>
    parseOperation({ ...request, contracts: contractDigests(tables) })
  if (!(await isDirectory(dir))) throw new PipelineError('run/not-found', `no run in ${dir}`)
  if ((await folderHolder(dir)) !== undefined)
    return askOperation(dir, whole(await contractsOf(runFolder(dir), contracts)), { signal, onProgress })
  return withStoredPipeline(options, ({ pipeline, tables }) =>
    runOperation(whole(tables), { pipeline, now: Date.now, signal, onProgress }),
  )
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}
