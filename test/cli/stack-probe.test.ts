import { expect, test } from 'vitest'
import { ok } from '../../core/check.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { lacking, probe, probeAll } from '../../stack/status/stack-probe.ts'

const needs = 'sqs:GetQueueAttributes on the queues'
const named = (name: string, status?: number) =>
  Object.assign(new Error('of AWS'), { name, $metadata: { httpStatusCode: status } })
const refused = (cause: Error) => new PipelineError('aws/refused', `SQS: ${cause.name}`, { cause })

test.each(['AccessDeniedException', 'AccessDenied', 'AccessDeniedFault', 'KMSAccessDeniedException'])(
  '%s is a permission that is missing',
  (name) => {
    expect(lacking(needs, refused(named(name)))).toEqual({
      state: 'unknown',
      message: `not checked: needs ${needs}`,
      fix: [],
    })
  },
)

test('a status without a name is one, too; no credentials are something else', () => {
  expect(lacking(needs, refused(named('Unknown', 403))).message).toBe(`not checked: needs ${needs}`)
  for (const cause of [named('ExpiredToken', 403), named('CredentialsProviderError')])
    expect(lacking(needs, refused(cause))).toMatchObject({
      message: `not checked: no valid credentials, needs ${needs}`,
      fix: [{ kind: 'step', text: expect.stringContaining('AWS_PROFILE') }],
    })
})

test('what the outputs name and is not there is wrong, not unknown', () => {
  const missing = [
    refused(named('ResourceNotFoundFault', 400)),
    new PipelineError('dms/refused', 'there is no task arn'),
  ]
  for (const error of missing)
    expect(lacking(needs, error)).toMatchObject({ state: 'fail', message: error.message })
  const other = new PipelineError('dms/refused', 'rule 9 is not one table by its name')
  expect(lacking(needs, other).state).toBe('unknown')
})

test('whatever else goes wrong in one look is said there, and the others are made', async () => {
  const rule = (id: string) => [{ id, title: '', evaluate: () => ok('fine') }]
  const checks = await probeAll([
    probe(rule('a'), needs, () => Promise.reject(new TypeError('of ours'))),
    probe(rule('b'), needs, () => Promise.reject(new PipelineError('aws/unavailable', 'SQS'))),
    probe(rule('c'), needs, async () => undefined),
  ])
  expect(checks.map(({ id, message }) => [id, message])).toEqual([
    ['a', 'not checked: unexpected error TypeError'],
    ['b', 'not checked: aws/unavailable: SQS'],
    ['c', 'fine'],
  ])
})
