import { expect, test } from 'vitest'
import { type FailureCode, failures, PipelineError } from '../../core/failures/failures.ts'

const rows = Object.entries(failures)

test.each(rows)('%s says what happens and what to do', (code, { action, advice }) => {
  expect(code).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/)
  expect(['retry', 'quarantine', 'halt']).toContain(action)
  /* A sentence for an operator: it starts like one and ends like one. */
  expect(advice).toMatch(/^[A-Z].{15,}[.…]$/)
})

test('an error carries the row of its code, its message and its cause', () => {
  const cause = new Error('disk')
  const error = new PipelineError('raw/unavailable', 'the raw store cannot be written', { cause })
  expect(error).toMatchObject({
    name: 'PipelineError',
    code: 'raw/unavailable',
    action: failures['raw/unavailable'].action,
    advice: failures['raw/unavailable'].advice,
    message: 'the raw store cannot be written',
    cause,
  })
})

test('what a contract refuses goes to quarantine: a bad row never stops its table', () => {
  const refusing: readonly FailureCode[] = [
    'capture/undecodable',
    'capture/no-position',
    'capture/no-load',
    'capture/page-too-large',
    'capture/no-old-key',
    'capture/other-table',
    'format/no-contract',
    'format/bad-value',
    'format/check-failed',
    'format/missing-value',
    'format/unknown-field',
    'format/row-too-large',
    'landing/corrupt',
    'landing/foreign',
  ]
  expect(rows.flatMap(([code, { action }]) => (action === 'quarantine' ? [code] : [])).sort()).toEqual(
    [...refusing].sort(),
  )
})
