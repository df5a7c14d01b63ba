import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

/** A function as Lambda has it. */
export interface DeployedFunction {
  /** SHA-256 of its package, base64: what Terraform calls `source_code_hash`. */
  readonly codeSha256: string
  /** When code or configuration last changed, epoch milliseconds; null when Lambda does not say. */
  readonly modifiedAt: number | null
  /** `Active`, `Pending`, `Inactive`, `Failed`. */
  readonly state: string
  /** `Successful`, `InProgress`, `Failed`, and why. */
  readonly lastUpdate: string
  readonly reason: string | null
  readonly environment: Readonly<Record<string, string>>
}

const call: CallName = { code: 'aws/unavailable', what: 'Lambda' }

/** Undefined when there is no such function. Throws `aws/unavailable` and `aws/refused`. */
export async function readFunction(
  { client, retry }: { readonly client: LambdaClient; readonly retry: RetryPolicy },
  name: string,
): Promise<DeployedFunction | undefined> {
  const command = new GetFunctionConfigurationCommand({ FunctionName: name })
  const found = await callAws(call, retry, async (abortSignal) => {
    try {
      return await client.send(command, { abortSignal })
    } catch (error) {
      if (isNamed(error, 'ResourceNotFoundException')) return undefined
      throw error
    }
  })
  if (found === undefined) return undefined
  const modified = Date.parse(found.LastModified ?? '')
  return {
    codeSha256: found.CodeSha256 ?? '',
    modifiedAt: Number.isNaN(modified) ? null : modified,
    state: found.State ?? 'Active',
    lastUpdate: found.LastUpdateStatus ?? 'Successful',
    reason: found.LastUpdateStatusReason ?? found.StateReason ?? null,
    environment: found.Environment?.Variables ?? {},
  }
}
