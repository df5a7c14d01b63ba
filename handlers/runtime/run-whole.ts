import { PipelineError } from '../../core/failures/failures.ts'
import type { LambdaStage } from './lambda-stage.ts'

/**
 * Runs work that has one answer and no parts that could be handed over again. An error is logged, and the invocation ends
 * with one that says code and message of ours, or nothing: Lambda writes it into logs and answers.
 */
export async function runWhole<T>(work: () => Promise<T>, stage: LambdaStage): Promise<T> {
  try {
    return await work()
  } catch (error) {
    stage.failed(error, {})
    const isOurs = error instanceof PipelineError
    throw new Error(isOurs ? `${error.code}: ${error.message}` : 'unknown: the log says where')
  }
}
