import { setTimeout as sleep } from 'node:timers/promises'
import type * as z from 'zod'
import { PipelineError } from '../core/failures/failures.ts'
import { type FunctionName, functionOf, readStack } from './stack.ts'

/* Of a function of which one call runs at a time: others ask it, too, and the schedule does. */
const BUSY_MS = 3_000
const MOST_BUSY = 60

/** The same as `invokeFunction`, waiting three minutes for a function that is busy. */
export async function invokeWhenFree<T extends z.ZodType>(
  ...asked: Parameters<typeof invokeFunction<T>>
): Promise<z.output<T>> {
  for (let tries = 1; ; tries += 1)
    try {
      return await invokeFunction(...asked)
    } catch (error) {
      const isBusy = error instanceof PipelineError && error.code === 'function/busy'
      if (!isBusy || tries === MOST_BUSY) throw error
      await sleep(BUSY_MS)
    }
}

/** Runs a function of a stack with an event. The SDK is loaded only by who needs it. Throws what `invoke` and `readStack` throw. */
export async function invokeFunction<T extends z.ZodType>(
  stack: string | readonly string[],
  name: FunctionName,
  event: unknown,
  answer: T,
): Promise<z.output<T>> {
  const place = functionOf(await readStack(stack), name)
  const { lambdaClient } = await import('../aws/calls/clients.ts')
  const { invoke } = await import('../aws/lambda/invoke.ts')
  const { withAws } = await import('../aws/open-aws.ts')
  return withAws({ region: place.region }, (aws) =>
    invoke({ client: aws.client(lambdaClient), name: place.name }, event, answer),
  )
}
