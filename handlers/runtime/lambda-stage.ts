import type { ClientSettings } from '../../aws/calls/clients.ts'
import { defaultRetry, type RetryPolicy } from '../../aws/calls/retry.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { StageMetrics } from './stage-metrics.ts'

/** What Lambda says of an invocation, as far as it is read here. */
export interface LambdaContext {
  readonly awsRequestId: string
  getRemainingTimeInMillis(): number
}

/** Where a function's lines go, and its clock. */
export interface StageHost {
  readonly write: (line: string) => void
  readonly now: Clock
}

/** The answer of a function with ReportBatchItemFailures: what Lambda hands over again. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

/** Of the time that Lambda gives: for the last request to end, the log and the answer. */
const RESERVE_MS = 2_000

/**
 * One stage in its execution environment: log, metrics, and the time that is left to the invocation. Lambda runs one
 * invocation at a time in an environment, so the one that began last is meant.
 */
export class LambdaStage {
  readonly log: Logger
  readonly metrics: StageMetrics
  readonly now: Clock
  /** Retries that end before the invocation has to. */
  readonly retry: RetryPolicy
  private context: LambdaContext | undefined

  constructor(name: string, { write, now }: StageHost) {
    const line =
      (level: string): Logger['info'] =>
      (event, fields = {}) => {
        const head = {
          time: new Date(now()).toISOString(),
          level,
          event,
          stage: name,
          requestId: this.requestId,
        }
        write(`${JSON.stringify({ ...head, ...fields })}\n`)
      }
    const remaining = () => this.remainingMs
    this.now = now
    this.log = { info: line('info'), warn: line('warn') }
    this.metrics = new StageMetrics(name, write, now)
    this.retry = {
      ...defaultRetry,
      /* Read at the begin of each call. */
      get deadlineMs() {
        return Math.max(1, Math.min(defaultRetry.deadlineMs, remaining()))
      },
    }
  }

  /** Runs one invocation; its metrics are written whatever becomes of it. */
  async run<T>(context: LambdaContext, work: () => Promise<T>): Promise<T> {
    this.context = context
    try {
      return await work()
    } finally {
      this.metrics.flush(this.requestId)
    }
  }

  /** For clients whose requests are counted, by service (`calls`, `bytes`). */
  clientSettings(region: string): ClientSettings {
    return { region, observe: ({ service, bytes }) => this.metrics.call(service, bytes) }
  }

  /** No further work is to be begun. */
  get isOver(): boolean {
    return this.remainingMs <= 0
  }

  /** Logs why work was not done. The message of an error that is not ours may hold row values, so it is left out. */
  failed(error: unknown, fields: Readonly<Record<string, string | number | boolean>>): void {
    this.metrics.count('failures', 1)
    const known =
      error instanceof PipelineError
        ? { code: error.code, message: error.message, action: error.action }
        : { code: 'unknown', ...placeOf(error) }
    this.log.warn('stage.failed', { ...fields, ...known })
  }

  /** Milliseconds in which work may be done. */
  get remainingMs(): number {
    return Math.floor((this.context?.getRemainingTimeInMillis() ?? 0) - RESERVE_MS)
  }

  private get requestId(): string {
    return this.context?.awsRequestId ?? ''
  }
}

function placeOf(error: unknown) {
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { error: error.name, at: (frames[0] ?? '').trim() }
}
