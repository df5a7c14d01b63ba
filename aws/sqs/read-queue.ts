import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** Messages of a queue, about: SQS counts on several machines (API reference, GetQueueAttributes). */
export interface QueueDepth {
  readonly waiting: number
  /** With a reader now. */
  readonly inFlight: number
}

const call: CallName = { code: 'aws/unavailable', what: 'SQS' }

/** How many messages a queue holds, by its URL. Throws `aws/unavailable` and `aws/refused`. */
export async function readQueue(
  { client, retry }: { readonly client: SQSClient; readonly retry: RetryPolicy },
  url: string,
): Promise<QueueDepth> {
  const command = new GetQueueAttributesCommand({
    QueueUrl: url,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  })
  const { Attributes = {} } = await callAws(call, retry, (abortSignal) =>
    client.send(command, { abortSignal }),
  )
  return {
    waiting: Number(Attributes['ApproximateNumberOfMessages'] ?? 0),
    inFlight: Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0),
  }
}
