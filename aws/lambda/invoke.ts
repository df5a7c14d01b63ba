import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { readJson } from '../../core/json.ts'
import { asFailure, isNamed } from '../calls/call-aws.ts'

export interface InvokeSettings {
  readonly client: LambdaClient
  /** Name or ARN. */
  readonly name: string
  /** A function may run for 15 minutes. */
  readonly deadlineMs?: number
}

const LONGEST_MS = 15 * 60_000 + 30_000
const broken = z.object({ errorType: z.string().default('an error'), errorMessage: z.string().default('') })
/* How our functions end: a code and a message without row values. What others say may quote anything. */
const OURS = /^[a-z]+\/[a-z-]+: /

/**
 * Runs a function with an event and resolves with its answer, once: what it does must not be done twice because an
 * answer was lost. Throws `function/busy` when Lambda does not begin it, `function/failed` when it ends with an error
 * or with an answer of another form, `aws/unavailable` when no answer comes.
 */
export async function invoke<T extends z.ZodType>(
  { client, name, deadlineMs = LONGEST_MS }: InvokeSettings,
  event: unknown,
  answer: T,
): Promise<z.output<T>> {
  const Payload = Buffer.from(JSON.stringify(event))
  const command = new InvokeCommand({ FunctionName: name, InvocationType: 'RequestResponse', Payload })
  const found = await client
    .send(command, { abortSignal: AbortSignal.timeout(deadlineMs) })
    .catch((cause: unknown) => {
      if (isNamed(cause, 'TooManyRequestsException'))
        throw new PipelineError('function/busy', `function ${name}`, { cause })
      throw asFailure({ code: 'aws/unavailable', what: `function ${name}` }, cause)
    })
  const text = Buffer.from(found.Payload ?? []).toString('utf8')
  if (found.FunctionError !== undefined) throw failed(name, text)
  const parsed = answer.safeParse(readJson(text))
  if (parsed.success) return parsed.data
  const cause = parsed.error
  throw new PipelineError('function/failed', `function ${name} is of another version`, { cause })
}

function failed(name: string, text: string): PipelineError {
  const { errorType, errorMessage } = broken
    .catch({ errorType: 'an error', errorMessage: '' })
    .parse(readJson(text))
  return new PipelineError(
    'function/failed',
    `function ${name}: ${OURS.test(errorMessage) ? errorMessage : errorType}`,
  )
}
