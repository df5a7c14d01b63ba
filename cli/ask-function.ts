import type * as z from 'zod'
import { type FunctionName, functionOf, readStack } from './stack.ts'

/** Runs a function of a stack with an event. The SDK is loaded only by who needs it. Throws what `invoke` and `readStack` throw. */
export async function askFunction<T extends z.ZodType>(
  stack: string | readonly string[],
  name: FunctionName,
  event: unknown,
  answer: T,
): Promise<z.output<T>> {
  const place = functionOf(await readStack(stack), name)
  const { lambdaClient } = await import('../aws/clients.ts')
  const { invoke } = await import('../aws/lambda/invoke.ts')
  const client = lambdaClient({ region: place.region })
  try {
    return await invoke({ client, name: place.name }, event, answer)
  } finally {
    client.destroy()
  }
}
