import { type AthenaClient, GetWorkGroupCommand } from '@aws-sdk/client-athena'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

const call: CallName = { code: 'aws/unavailable', what: 'Athena' }

/** State of a workgroup, `ENABLED` or `DISABLED`; undefined when there is none. Throws `aws/unavailable` and `aws/refused`. */
export async function readWorkgroup(
  { client, retry }: { readonly client: AthenaClient; readonly retry: RetryPolicy },
  name: string,
): Promise<string | undefined> {
  return callAws(call, retry, async (abortSignal) => {
    try {
      const { WorkGroup } = await client.send(new GetWorkGroupCommand({ WorkGroup: name }), { abortSignal })
      return WorkGroup?.State
    } catch (error) {
      /* Athena knows no error of its own for a workgroup that is not there (API reference, GetWorkGroup). */
      if (isNamed(error, 'InvalidRequestException')) return undefined
      throw error
    }
  })
}
