import { afterEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { lambdaClient } from '../../aws/calls/clients.ts'
import { invoke } from '../../aws/lambda/invoke.ts'
import { type Answer, type Exchange, type FaultProxy, faultProxy } from './fault-proxy.ts'
import { standInSettings } from './quick-settings.ts'

const shape = z.object({ sum: z.number() })
let double: FaultProxy | undefined

afterEach(async () => {
  await double?.close()
})

/** Lambda with one function, and what it is asked. */
async function lambda(answer: (exchange: Exchange) => Answer | undefined) {
  const asked: string[] = []
  double = await faultProxy(async (exchange) => {
    asked.push(`${exchange.method} ${exchange.url} ${exchange.body.toString()}`)
    return answer(exchange) ?? { status: 500, headers: {}, body: Buffer.alloc(0) }
  })
  const client = lambdaClient(standInSettings(double.endpoint))
  const run = (event: unknown, deadlineMs?: number) =>
    invoke({ client, name: 'adder', ...(deadlineMs === undefined ? {} : { deadlineMs }) }, event, shape)
  return { run, asked }
}

function answered(body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(body)),
  }
}

describe('a function that is run from here', () => {
  test('is asked once and its answer comes back', async () => {
    const { run, asked } = await lambda(() => answered({ sum: 3 }))
    expect(await run({ add: [1, 2] })).toEqual({ sum: 3 })
    expect(asked).toEqual(['POST /2015-03-31/functions/adder/invocations {"add":[1,2]}'])
  })

  test.each([
    ['source/tls: cannot connect', 'source/tls: cannot connect'],
    ['zoe@mail.example is no mail', 'Error'],
  ])('that ends with an error says what is ours of it, and no more: %s', async (errorMessage, told) => {
    const failing = { errorType: 'Error', errorMessage, trace: [] }
    const { run } = await lambda(() => answered(failing, { 'x-amz-function-error': 'Unhandled' }))
    await expect(run({})).rejects.toMatchObject({
      code: 'function/failed',
      message: `function adder: ${told}`,
    })
  })

  test('of another version is refused, for its answer means something else', async () => {
    const { run } = await lambda(() => answered({ total: 3 }))
    await expect(run({})).rejects.toMatchObject({ code: 'function/failed' })
  })

  test('that runs already is not asked again', async () => {
    const busy = { Type: 'User', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' }
    const { run, asked } = await lambda(() =>
      answered(busy, { 'x-amzn-errortype': 'TooManyRequestsException' }, 429),
    )
    await expect(run({})).rejects.toMatchObject({ code: 'function/busy' })
    expect(asked).toHaveLength(1)
  })

  test('whose answer is lost is not run twice', async () => {
    const { run, asked } = await lambda(() => undefined)
    await expect(run({})).rejects.toMatchObject({ code: 'aws/unavailable' })
    expect(asked).toHaveLength(1)
  })

  test('that does not exist, or that we may not run, is a fault of the settings', async () => {
    const { run } = await lambda(() =>
      answered({ Type: 'User' }, { 'x-amzn-errortype': 'ResourceNotFoundException' }, 404),
    )
    await expect(run({})).rejects.toMatchObject({ code: 'aws/refused' })
  })
})
