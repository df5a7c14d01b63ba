import { DescribeDeliveryStreamCommand, type FirehoseClient } from '@aws-sdk/client-firehose'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

const call: CallName = { code: 'aws/unavailable', what: 'Firehose' }

/** Status of a delivery stream (`ACTIVE`, `CREATING`, `SUSPENDED`, …); undefined when there is none. Throws `aws/unavailable` and `aws/refused`. */
export async function readDeliveryStream(
  { client, retry }: { readonly client: FirehoseClient; readonly retry: RetryPolicy },
  name: string,
): Promise<string | undefined> {
  const command = new DescribeDeliveryStreamCommand({ DeliveryStreamName: name })
  return callAws(call, retry, async (abortSignal) => {
    try {
      const { DeliveryStreamDescription } = await client.send(command, { abortSignal })
      return DeliveryStreamDescription?.DeliveryStreamStatus
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return undefined
      throw error
    }
  })
}
