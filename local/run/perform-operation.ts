import { stat } from 'node:fs/promises'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Answers, Operation, OperationKind } from '../../core/operations/operations.ts'
import type { Logger } from '../../core/ports/ports.ts'
import { runOperation } from '../operations/run-operation.ts'
import { askRun } from '../pipeline/ask-run.ts'
import { folderHolder } from '../pipeline/folder-lock.ts'
import { runFolder } from '../state/run-folder.ts'
import { contractsOf, withStoredPipeline } from './stored-pipeline.ts'

export interface PerformOptions {
  readonly dir: string
  readonly contracts: readonly Table[]
  readonly log: Logger
  readonly signal: AbortSignal
  readonly onProgress: (progress: unknown) => void
}

/**
 * Runs an operation on a folder: in the process that runs there, which alone may write, or here when none does; the
 * source is not needed for it. Throws `run/not-found`, `run/locked` and what the operation throws.
 */
export async function performOperation<K extends OperationKind>(
  operation: Operation<K>,
  options: PerformOptions,
): Promise<Answers[K]> {
  const { dir, signal, onProgress } = options
  if (!(await isDirectory(dir))) throw new PipelineError('run/not-found', `no run in ${dir}`)
  if ((await folderHolder(dir)) === undefined)
    return withStoredPipeline(
      { ...options, repaired: repaired[operation.kind]?.(operation) ?? [] },
      ({ pipeline, tables, givenUp }) =>
        runOperation(operation, {
          pipeline,
          givenUp,
          contracts: contractDigests(tables),
          now: Date.now,
          signal,
          onProgress,
        }),
    )
  const contracts = contractDigests(await contractsOf(runFolder(dir), options.contracts))
  return askRun(dir, { operation, contracts }, { signal, onProgress })
}

type Repaired = {
  readonly [K in OperationKind]?: (request: { readonly kind: K } & Operation<K>) => readonly string[]
}

const repaired: Repaired = { repair: ({ pages, isDryRun }) => (isDryRun ? [] : pages) }

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}
