import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { readJson } from '../../core/json.ts'
import { callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

export interface SourceSecretSettings {
  readonly client: SecretsManagerClient
  /** Name or ARN. */
  readonly secret: string
  readonly retry: RetryPolicy
}

/*
 * The JSON that Secrets Manager's rotation functions for RDS read and write; `port` may be a number or text. `ca` is
 * ours: PEM.
 */
const shape = z.object({
  host: z.string().min(1),
  port: z.coerce.number().int().min(1).max(65_535).default(5_432),
  dbname: z.string().min(1).default('postgres'),
  username: z.string().min(1),
  password: z.string().min(1),
  ca: z.string().optional(),
})

/** Where the source is, and the CA bundle of its certificate where the secret has one. */
export interface SourceAddress {
  /** `postgres://`, password included: never logged. */
  readonly url: string
  readonly ca: string | undefined
}

/**
 * Reads the address of the source. Not kept: the password is rotated. Throws `settings/invalid` for a secret of another
 * form, naming the members that are wrong.
 */
export async function readSourceSecret({
  client,
  secret,
  retry,
}: SourceSecretSettings): Promise<SourceAddress> {
  const command = new GetSecretValueCommand({ SecretId: secret })
  const call = { code: 'aws/unavailable', what: `secret ${secret}` } as const
  const found = await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
  const parsed = shape.safeParse(readJson(found.SecretString ?? ''))
  if (!parsed.success) {
    const wrong = new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'JSON')))
    throw new PipelineError('settings/invalid', `secret ${secret}: ${[...wrong].join(', ')}`)
  }
  const { host, port, dbname, username, password, ca } = parsed.data
  const [user, word, database] = [username, password, dbname].map(encodeURIComponent)
  return { url: `postgres://${user}:${word}@${host}:${port}/${database}`, ca }
}
