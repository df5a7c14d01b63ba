import { type LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** What feeds a function: a stream or a queue. */
export interface EventSource {
  readonly id: string
  /** `Enabled`, `Disabled`, or on its way to one of them. */
  readonly state: string
  /** `OK`, `No records processed`, or a problem, in Lambda's words. */
  readonly lastResult: string
}

const call: CallName = { code: 'aws/unavailable', what: 'Lambda' }

/** Event sources of a function, the first 100. Throws `aws/unavailable` and `aws/refused`. */
export async function readEventSources(
  { client, retry }: { readonly client: LambdaClient; readonly retry: RetryPolicy },
  functionName: string,
): Promise<readonly EventSource[]> {
  const command = new ListEventSourceMappingsCommand({ FunctionName: functionName, MaxItems: 100 })
  const { EventSourceMappings = [] } = await callAws(call, retry, (abortSignal) =>
    client.send(command, { abortSignal }),
  )
  return EventSourceMappings.map(({ UUID = '', State = 'unknown', LastProcessingResult = '' }) => ({
    id: UUID,
    state: State,
    lastResult: LastProcessingResult,
  }))
}

/** Whether nothing is read from it, now or in a moment. */
export function isSwitchedOff({ state }: EventSource): boolean {
  return state === 'Disabled' || state === 'Disabling'
}
