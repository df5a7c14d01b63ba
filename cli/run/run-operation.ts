import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import type { Answers, Operation, OperationKind } from '../../core/operations/operations.ts'
import type { Cli } from '../terminal/cli.ts'
import type { Output } from '../terminal/output.ts'

const PROGRESS_MS = 1_000

/** Runs an operation on a folder for a command: progress to standard error at most once a second, Ctrl-C stops it where it can go on. */
export async function runOperation<K extends OperationKind>(
  { output }: Cli,
  { dir, contracts: contractsFolder }: { readonly dir: string; readonly contracts?: string },
  operation: Operation<K>,
): Promise<Answers[K]> {
  const contracts = await chosenContracts(contractsFolder)
  const { performOperation } = await import('../../local/run/perform-operation.ts')
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    return await performOperation(operation, {
      dir,
      contracts,
      signal: stop.signal,
      log: { info: () => undefined, warn: (event) => output.progress(`warning ${event}`) },
      onProgress: operationProgress(output),
    })
  } finally {
    process.removeListener('SIGINT', onInterrupt)
  }
}

/** Says how far an operation is, at most once a second. */
export function operationProgress(output: Pick<Output, 'progress'>): (progress: unknown) => void {
  let last = performance.now()
  return (progress) => {
    if (performance.now() - last < PROGRESS_MS) return
    last = performance.now()
    output.progress(progressLine(progress))
  }
}

function progressLine(progress: unknown): string {
  const entries = typeof progress === 'object' && progress !== null ? Object.entries(progress) : []
  return entries.map(([name, value]) => `${name} ${value}`).join(' · ')
}
