import { type CheckResult, examine, fail, type Rule, step, unknown, type Verdict } from '../../core/check.ts'
import { PipelineError } from '../../core/failures/failures.ts'

/** Rules on something that is read of a stack, and the permission that reading it takes. */
export interface StackProbe {
  readonly results: () => Promise<readonly CheckResult[]>
}

/** Probes: `needs` is what IAM calls it, and on what. */
export function probe<Facts>(
  rules: readonly Rule<Facts>[],
  needs: string,
  read: () => Promise<Facts>,
): StackProbe {
  return { results: () => examine(rules, read, (error) => lacking(needs, error)) }
}

/** All at once: a slow or a denied one keeps no other. In the order they are given. */
export async function probeAll(probes: readonly StackProbe[]): Promise<readonly CheckResult[]> {
  return (await Promise.all(probes.map(({ results }) => results()))).flat()
}

const denied = /AccessDenied|NotAuthorized|Unauthorized|Forbidden|AuthorizationError/
const nobody =
  /CredentialsProviderError|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch/

/**
 * What is said instead of a finding when it could not be read: the permission, or what else is missing. What AWS calls a
 * refusal stands in the cause; the message has our own words.
 */
export function lacking(needs: string, error: unknown): Verdict {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
  const named = `${cause?.name} ${error instanceof Error ? error.message : ''}`
  /* Before the refusals: S3 answers 403 to both. */
  if (nobody.test(named))
    return unknown(
      `not checked: no valid credentials, needs ${needs}`,
      step('sign in, or name the profile: AWS_PROFILE, and --source-profile for the production account'),
    )
  if (isForbidden(cause) || denied.test(named)) return unknown(`not checked: needs ${needs}`)
  if (!(error instanceof PipelineError))
    return unknown(
      `not checked: unexpected error ${error instanceof Error ? error.name : ''}`.trimEnd(),
      step('this is a bug in Tidemark: please report it'),
    )
  if (isAbsent(error, named))
    return fail(error.message, step('the outputs of --stack name it: apply the stack, then write them anew'))
  if (error.code === 'stack/incomplete')
    return unknown(`not checked: ${error.message}`, step('name the files of both stacks with --stack'))
  return unknown(`not checked: ${error.code}: ${error.message}`)
}

/* The answer to a HEAD has a status and no name. */
function isForbidden(cause: Error | undefined): boolean {
  const { $metadata } = (cause ?? {}) as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return $metadata?.httpStatusCode === 403
}

/* DMS has an error for it, and where it answers with an empty list we have words. */
function isAbsent({ code, message }: PipelineError, named: string): boolean {
  return /ResourceNotFound/.test(named) || (code === 'dms/refused' && message.startsWith('there is no '))
}
