import { type CheckResult, examine, type Rule, step, unknown, type Verdict } from '../core/check.ts'
import { PipelineError } from '../core/failures.ts'

/** Rules on something that is read of a stack, and the permission that reading it takes. */
export interface StackLook {
  readonly results: () => Promise<readonly CheckResult[]>
}

/** Looks: `needs` is what IAM calls it, and on what. */
export function look<Facts>(
  rules: readonly Rule<Facts>[],
  needs: string,
  read: () => Promise<Facts>,
): StackLook {
  return { results: () => examine(rules, read, (error) => lacking(needs, error)) }
}

/** All at once: a slow or a denied one keeps no other. In the order they are given. */
export async function lookAtAll(looks: readonly StackLook[]): Promise<readonly CheckResult[]> {
  return (await Promise.all(looks.map(({ results }) => results()))).flat()
}

const denied = /AccessDenied|NotAuthorized|Unauthorized|Forbidden|AuthorizationError/
const nobody = /CredentialsProviderError|ExpiredToken|UnrecognizedClient|InvalidClientTokenId/

/**
 * What is said instead of a finding when it could not be read: the permission, or what else is missing. What AWS calls a
 * refusal stands in the cause; the message has our own words. Rethrows what is no failure with a name.
 */
export function lacking(needs: string, error: unknown): Verdict {
  if (!(error instanceof PipelineError)) throw error
  const cause = error.cause instanceof Error ? error.cause.name : ''
  if (denied.test(`${cause} ${error.message}`)) return unknown(`not checked: needs ${needs}`)
  if (nobody.test(`${cause} ${error.message}`))
    return unknown(
      `not checked: no valid credentials, needs ${needs}`,
      step('sign in, or name the profile: AWS_PROFILE, and --source-profile for the production account'),
    )
  if (error.code === 'stack/incomplete')
    return unknown(`not checked: ${error.message}`, step('name the files of both stacks with --stack'))
  return unknown(`not checked: ${error.code}: ${error.message}`)
}
