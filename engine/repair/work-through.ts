import { PipelineError } from '../../core/failures/failures.ts'
import type { RequestAnswer } from '../../core/operations/answers.ts'

export interface WorkThroughOptions {
  /** Asked before each name: whether time is up, or somebody stops it. */
  readonly isOver: () => boolean
  readonly onFailed?: (name: string, error: unknown) => void
}

/** Works through names one by one; `work` says whether there was one. One that fails does not keep the others. */
export async function workThrough(
  names: readonly string[],
  work: (name: string) => Promise<boolean>,
  { isOver, onFailed }: WorkThroughOptions,
): Promise<RequestAnswer> {
  const done: string[] = []
  const absent: string[] = []
  const failed: { name: string; code: string }[] = []
  for (const [index, name] of names.entries()) {
    if (isOver()) return { done, absent, failed, left: names.slice(index) }
    try {
      const into = (await work(name)) ? done : absent
      into.push(name)
    } catch (error) {
      onFailed?.(name, error)
      failed.push({ name, code: error instanceof PipelineError ? error.code : 'unknown' })
    }
  }
  return { done, absent, failed, left: [] }
}
