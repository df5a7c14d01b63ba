import { expect, test } from 'vitest'
import { callAws } from '../../aws/calls/call-aws.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { quickRetry } from './quick-settings.ts'

const name = { code: 'raw/unavailable', what: 'a table' } as const

function sdkError(errorName: string, httpStatusCode = 400): Error {
  return Object.assign(new Error('a message with a row value'), {
    name: errorName,
    $metadata: { httpStatusCode },
  })
}

function failing(...errors: readonly Error[]) {
  const left = [...errors]
  const calls: number[] = []
  const send = async () => {
    calls.push(left.length)
    const error = left.shift()
    if (error !== undefined) throw error
    return 'done'
  }
  return { send, calls }
}

test.each([
  sdkError('ProvisionedThroughputExceededException'),
  sdkError('ThrottlingException'),
  sdkError('SlowDown', 503),
  sdkError('Unheard', 500),
  sdkError('Unheard', 429),
  sdkError('TimeoutError'),
  Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
])('tries again after $name', async (error) => {
  const { send, calls } = failing(error, error)
  expect(await callAws(name, quickRetry, send)).toBe('done')
  expect(calls).toHaveLength(3)
})

test('tries as often as the policy says, then fails by the name of the call', async () => {
  const { send, calls } = failing(...Array.from({ length: 9 }, () => sdkError('SlowDown', 503)))
  const failed: unknown = await callAws(name, { ...quickRetry, attempts: 4 }, send).catch(
    (error: unknown) => error,
  )
  expect(failed).toMatchObject({ code: 'raw/unavailable', message: 'a table', cause: { name: 'SlowDown' } })
  expect(calls).toHaveLength(4)
})

test('what trying again cannot mend is aws/refused at once, with the name of the error and never its text', async () => {
  const { send, calls } = failing(sdkError('AccessDeniedException'))
  const failed: unknown = await callAws(name, quickRetry, send).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'aws/refused', message: 'a table: AccessDeniedException' })
  expect(calls).toHaveLength(1)
})

test('a failure of our own passes as it is', async () => {
  const own = new PipelineError('lake/conflict', 'build 3')
  await expect(callAws(name, quickRetry, failing(own).send)).rejects.toBe(own)
})

test('a request that hangs ends with the deadline, and so does the wait before the next', async () => {
  const hang = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const hurried = { ...quickRetry, deadlineMs: 20 }
  await expect(callAws(name, hurried, hang)).rejects.toMatchObject({ code: 'raw/unavailable' })
  const slow = { ...hurried, baseMs: 3_600_000, capMs: 3_600_000, random: () => 1 }
  const throttled = callAws(name, slow, failing(sdkError('SlowDown', 503)).send)
  await expect(throttled).rejects.toMatchObject({ code: 'raw/unavailable' })
})
