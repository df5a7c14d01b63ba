import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { type LambdaContext, LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { days, epoch, readSettings, text } from '../../handlers/runtime/read-settings.ts'
import { runEach } from '../../handlers/runtime/run-each.ts'
import { runInOrder } from '../../handlers/runtime/run-in-order.ts'
import { runs } from '../support/budget.ts'

const NOW = Date.parse('2026-11-23T10:00:00Z')

function stageUnderTest() {
  const written: string[] = []
  const stage = new LambdaStage('capture', { write: (line) => written.push(line), now: () => NOW })
  const lines = () => written.map((line) => JSON.parse(line))
  return { stage, lines }
}

/* Lambda's answer to the question that it is asked for the nth time. */
function contextOf(remaining: () => number): LambdaContext {
  return { awsRequestId: 'r', getRemainingTimeInMillis: remaining }
}

const failures = {
  retry: () => new PipelineError('raw/unavailable', 'table t'),
  halt: () => new PipelineError('raw/corrupt', 'page p'),
  foreign: () => new SyntaxError('Unexpected token "a secret value"'),
}
const anyRecord = fc.record({
  bytes: fc.integer({ min: 1, max: 60 }),
  fault: fc.option(fc.constantFrom('retry', 'halt', 'foreign'), { freq: 6, nil: undefined }),
})

test('G1 whatever fails and whenever time ends, all before the reported record is done, and it is not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord), fc.option(fc.nat(12)), async (given, groupsInTime) => {
      const records = given.map((one, index) => ({ ...one, sequence: `s${index}` }))
      const { stage } = stageUnderTest()
      const done = new Set<string>()
      let calls = 0
      const work = async (group: typeof records) => {
        calls += 1
        const [fault] = group.flatMap((record) => record.fault ?? [])
        if (fault !== undefined) throw failures[fault]()
        for (const { sequence } of group) done.add(sequence)
      }
      const remaining = () => (groupsInTime === null || calls < groupsInTime ? 60_000 : 0)
      const { batchItemFailures } = await stage.run(contextOf(remaining), () =>
        runInOrder(records, { maxBytes: 100, work: (group) => work([...group]) }, stage),
      )
      const [reported, ...others] = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
      expect(others).toEqual([])
      expect(reported).not.toBe('')
      const end =
        reported === undefined ? records.length : records.findIndex((one) => one.sequence === reported)
      expect([...done].toSorted()).toEqual(
        records
          .slice(0, end)
          .map(({ sequence }) => sequence)
          .toSorted(),
      )
      /* What stands before the first fault that is for good never waits for it. */
      const first = records.findIndex(({ fault }) => fault !== undefined)
      if (groupsInTime === null && first >= 0 && records[first]?.fault !== 'retry') {
        const isAlone = !given.some(({ fault }) => fault === 'retry')
        if (isAlone) expect(end).toBe(first)
      }
    }),
    { numRuns: runs(200) },
  )
})

test('a message that fails is reported alone, and none is begun after the deadline', async () => {
  const { stage } = stageUnderTest()
  const begun: string[] = []
  const messages = ['a', 'b', 'c', 'd'].map((messageId) => ({ messageId }))
  const answer = await stage.run(
    contextOf(() => (begun.length < 3 ? 60_000 : 100)),
    () =>
      runEach(
        messages,
        async ({ messageId }) => {
          begun.push(messageId)
          if (messageId === 'b') throw failures.halt()
        },
        stage,
      ),
  )
  expect(begun).toEqual(['a', 'b', 'c'])
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['b', 'd'])
})

test('G7 an error that is not ours is logged by its name and place, never by its message', async () => {
  const { stage, lines } = stageUnderTest()
  stage.failed(failures.foreign(), { sequence: '1' })
  expect(lines()).toEqual([expect.objectContaining({ code: 'unknown', error: 'SyntaxError', level: 'warn' })])
  expect(lines()[0].at).toContain('runtime.test.ts')
  expect(JSON.stringify(lines())).not.toContain('secret value')
})

test('retries end with the time that the invocation has, and never later than they do elsewhere', async () => {
  const { stage } = stageUnderTest()
  const deadlineAt = async (remaining: number) => {
    let deadlineMs = 0
    await stage.run(
      contextOf(() => remaining),
      async () => {
        deadlineMs = stage.retry.deadlineMs
        return { batchItemFailures: [] }
      },
    )
    return deadlineMs
  }
  expect(await deadlineAt(10_000)).toBe(8_000)
  expect(await deadlineAt(900_000)).toBe(60_000)
  expect(await deadlineAt(500)).toBe(1)
})

test('metrics are lines of the embedded format, one for each table, with at most 100 values of an age', async () => {
  const { stage, lines } = stageUnderTest()
  await stage.run(
    contextOf(() => 60_000),
    async () => {
      stage.metrics.count('changes', 2, 't')
      stage.metrics.count('changes', 3, 't')
      stage.metrics.count('refused', 0, 't')
      stage.metrics.count('records', 7)
      stage.metrics.ages(
        'freshness',
        Array.from({ length: 1_001 }, (_, index) => NOW - index),
        't',
      )
      return { batchItemFailures: [] }
    },
  )
  const [table, whole, ...more] = lines()
  expect(more).toEqual([])
  expect(table).toMatchObject({ stage: 'capture', table: 't', changes: 5, requestId: 'r' })
  expect(table.freshness).toHaveLength(100)
  expect([table.freshness[0], table.freshness.at(-1)]).toEqual([0, 1_000])
  const Metrics = [
    { Name: 'changes', Unit: 'Count' },
    { Name: 'freshness', Unit: 'Milliseconds' },
  ]
  const Namespace = 'Tidemark'
  expect(table._aws).toEqual({
    Timestamp: NOW,
    CloudWatchMetrics: [
      { Namespace, Dimensions: [['stage']], Metrics },
      /* What costs by the table. */
      { Namespace, Dimensions: [['stage', 'table']], Metrics: [{ Name: 'changes', Unit: 'Count' }] },
    ],
  })
  expect(whole).toMatchObject({ stage: 'capture', records: 7 })
  expect(whole._aws.CloudWatchMetrics[0].Dimensions).toEqual([['stage']])
})

test('settings name every variable that is missing or wrong, and no value', () => {
  const shape = z.object({ A: text, B: days, C: epoch, D: text })
  expect(readSettings(shape, { A: ' x ', B: '30', C: '0', D: 'y' })).toEqual({ A: 'x', B: 30, C: 0, D: 'y' })
  const fault = () => readSettings(shape, { A: ' ', B: '1.5', C: '65536' })
  expect(fault).toThrow(
    new PipelineError(
      'settings/invalid',
      'A is blank, B is no whole number of days, C is larger than 65535, D is missing',
    ),
  )
})
