import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { MaskKeys } from '../../core/ports/ports.ts'
import { callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

export interface SecretMaskKeysSettings {
  readonly client: SecretsManagerClient
  /** Name or ARN. The secret holds 64 hex digits, or 32 bytes or more; it is never rotated. */
  readonly secret: string
  readonly retry: RetryPolicy
}

/**
 * The masking key in Secrets Manager, read once for each execution environment. It is only read: a function that could
 * make a key could make another hash of every person. Throws `keys/invalid` for a secret that holds no key.
 */
export class SecretMaskKeys implements MaskKeys {
  private readonly settings: SecretMaskKeysSettings
  private known: Promise<MaskKey> | undefined

  constructor(settings: SecretMaskKeysSettings) {
    this.settings = settings
  }

  current(): Promise<MaskKey> {
    this.known ??= this.read().catch((error: unknown) => {
      this.known = undefined
      throw error
    })
    return this.known
  }

  private async read(): Promise<MaskKey> {
    const { client, secret, retry } = this.settings
    const command = new GetSecretValueCommand({ SecretId: secret })
    const call = { code: 'aws/unavailable', what: `secret ${secret}` } as const
    const found = await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
    const hex = found.SecretString?.trim() ?? ''
    if (/^[0-9a-f]{64,}$/.test(hex) && hex.length % 2 === 0) return Buffer.from(hex, 'hex')
    const { SecretBinary: binary } = found
    if (binary !== undefined && binary.length >= 32) return binary
    throw new PipelineError('keys/invalid', `secret ${secret} does not hold a masking key`)
  }
}
