import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** Whether a secret can be read: its value is not looked at. */
export type SecretState = 'readable' | 'empty' | 'deleted' | 'missing'

const call: CallName = { code: 'aws/unavailable', what: 'Secrets Manager' }

/** Throws `aws/unavailable` and `aws/refused`. */
export async function readSecretState(
  { client, retry }: { readonly client: SecretsManagerClient; readonly retry: RetryPolicy },
  secret: string,
): Promise<SecretState> {
  return callAws(call, retry, async (abortSignal) => {
    try {
      const { DeletedDate, VersionIdsToStages = {} } = await client.send(
        new DescribeSecretCommand({ SecretId: secret }),
        { abortSignal },
      )
      if (DeletedDate !== undefined) return 'deleted'
      const isSet = Object.values(VersionIdsToStages).some((stages) => stages.includes('AWSCURRENT'))
      return isSet ? 'readable' : 'empty'
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return 'missing'
      throw error
    }
  })
}
