import { type FailureCode, PipelineError } from '../../core/failures/failures.ts'
import { Attempts, type RetryPolicy } from './retry.ts'

/** What a failed call is called: its code when trying longer may help, and the thing that it was about. */
export interface CallName {
  readonly code: FailureCode
  readonly what: string
}

/* Names and codes of errors after which the same request may succeed. */
const transient = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'ThrottledException',
  'Throttling',
  'TooManyRequestsException',
  'LimitExceededException',
  'SlowDown',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'InternalServerError',
  'InternalServerException',
  'InternalServiceException',
  'InternalServiceError',
  'InternalFailure',
  'InternalError',
  'OperationTimeoutException',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'AbortError',
  'NoSuchUpload',
  'RequestTimeTooSkewed',
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Whether the same request may succeed later: throttled, an error of the service, a connection that broke. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, $metadata } = error as Error & { code?: unknown; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode ?? 0
  return (
    transient.has(error.name) ||
    (typeof code === 'string' && transient.has(code)) ||
    status >= 500 ||
    status === 429
  )
}

/** Whether an error is the one that the service calls so. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name)
}

/** An SDK error as the pipeline names it: `aws/refused` when trying again cannot help. */
export function asFailure({ code, what }: CallName, cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause
  if (cause === undefined || isTransient(cause)) return new PipelineError(code, what, { cause })
  const name = cause instanceof Error ? cause.name : 'unknown'
  return new PipelineError('aws/refused', `${what}: ${name}`, { cause })
}

/**
 * Sends one idempotent request until it succeeds, within the policy. Throws the call's code when attempts or time are
 * spent, `aws/refused` for what trying again cannot mend; an error of our own passes.
 */
export async function callAws<T>(
  name: CallName,
  policy: RetryPolicy,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const attempts = new Attempts(policy)
  for (;;) {
    try {
      return await send(attempts.signal)
    } catch (error) {
      if (!isTransient(error) || !(await attempts.again())) throw asFailure(name, error)
    }
  }
}
