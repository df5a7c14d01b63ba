import { PipelineError } from '../../core/failures/failures.ts'
import type { LambdaStage } from './lambda-stage.ts'

/** What became of the names that a function was asked to do again. */
export interface RequestAnswer {
  readonly done: readonly string[]
  /** Nobody has them. */
  readonly absent: readonly string[]
  readonly failed: readonly { readonly name: string; readonly code: string }[]
  /** Not begun: the time was over. */
  readonly left: readonly string[]
}

/** Works through names one by one, as an operator asks for them; `work` says whether there was one. */
export async function runRequest(
  names: readonly string[],
  work: (name: string) => Promise<boolean>,
  stage: LambdaStage,
): Promise<RequestAnswer> {
  const done: string[] = []
  const absent: string[] = []
  const failed: { name: string; code: string }[] = []
  for (const [index, name] of names.entries()) {
    if (stage.isOver) return { done, absent, failed, left: names.slice(index) }
    try {
      const into = (await work(name)) ? done : absent
      into.push(name)
    } catch (error) {
      stage.failed(error, { name })
      failed.push({ name, code: error instanceof PipelineError ? error.code : 'unknown' })
    }
  }
  return { done, absent, failed, left: [] }
}
