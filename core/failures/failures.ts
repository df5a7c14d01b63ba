import type { Action } from './failure.ts'
import { failures } from './failure-table.ts'

export type { Action, Failure } from './failure.ts'
export { failures } from './failure-table.ts'

export type FailureCode = keyof typeof failures

/** Whether a text from outside, of another process or version, is one of the codes. */
export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(failures, code)
}

/**
 * A failure with a name. The message says what is wrong with which thing and never holds a row
 * value; `cause` keeps the original error.
 */
export class PipelineError extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PipelineError'
    this.code = code
  }

  get action(): Action {
    return failures[this.code].action
  }

  get advice(): string {
    return failures[this.code].advice
  }
}
