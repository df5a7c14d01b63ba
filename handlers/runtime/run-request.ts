import type { RequestAnswer } from '../../core/operations/answers.ts'
import { workThrough } from '../../engine/repair/work-through.ts'
import type { LambdaStage } from './lambda-stage.ts'

/** Works through names that an operator asks for, until the time of the function is over. */
export function runRequest(
  names: readonly string[],
  work: (name: string) => Promise<boolean>,
  stage: LambdaStage,
): Promise<RequestAnswer> {
  return workThrough(names, work, {
    isOver: () => stage.isOver,
    onFailed: (name, error) => stage.failed(error, { name }),
  })
}
