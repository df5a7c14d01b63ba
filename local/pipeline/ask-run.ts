import {
  type Answers,
  type Asked,
  type OperationKind,
  parseAnswer,
} from '../../core/operations/operations.ts'
import { askOperation } from './folder-lock.ts'

/** Asks the process that runs in a folder. Throws what the operation throws there, and what `askOperation` throws. */
export async function askRun<K extends OperationKind>(
  dir: string,
  asked: Asked<K>,
  options: Parameters<typeof askOperation>[2],
): Promise<Answers[K]> {
  return parseAnswer<K>(asked.operation.kind, await askOperation(dir, asked, options))
}
