import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Output } from '../../cli/terminal/output.ts'
import { answerExit, answerText } from '../../cli/view/answer-report.ts'
import type { ProofAnswer, TableAnswer } from '../../engine/reconcile/proof-answer.ts'
import { functionOf, outputsOf, readStack } from '../../stack/stack.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { inProcess } from '../support/tidemark.ts'

const output: Output = {
  isTerminal: false,
  columns: 100,
  result: () => undefined,
  progress: () => undefined,
}
const equal: TableAnswer = {
  asOf: '',
  table: 'hr.people',
  equal: true,
  scope: 'all',
  sample: null,
  way: 'streamed',
  sourceRows: 1200,
  lakeRows: 1200,
  different: 0,
  kinds: { missing: 0, foreign: 0, changed: 0 },
  columns: [],
  inQuarantine: 0,
  heldBack: 0,
  unplaced: 0,
  outranked: 0,
  snapshots: 1,
  notCompared: [],
  healed: null,
  waited: 90,
}
const different: TableAnswer = {
  ...equal,
  table: 'hr.pay',
  equal: false,
  different: 4,
  lakeRows: 1199,
  waited: 390,
  kinds: { missing: 1, foreign: 0, changed: 3 },
  columns: ['gross', 'net'],
  healed: { healed: 2, stillDifferent: 4, notPossible: 1 },
}
const answerOf = (tables: TableAnswer[], more: Partial<ProofAnswer> = {}): ProofAnswer => ({
  equal: tables.every((one) => one.equal),
  lsn: '7',
  asOf: '',
  tables,
  failed: [],
  notBegun: [],
  ...more,
})

test('an answer says what differs by number, kind and column, how long it waited, and what is left', () => {
  const failed = [{ table: 'hr.large', code: 'objects/too-large', message: 'hr.large v1 does not fit' }]
  const text = answerText(answerOf([equal, different], { failed, notBegun: ['hr.last'] }), output)
  expect(text.split('\n').map((line) => line.trim())).toEqual([
    expect.stringMatching(/^table +source rows +lake rows +in quarantine +compared$/),
    expect.stringMatching(/^hr.people +1,200 +1,200 +0 +streamed +equal$/),
    expect.stringMatching(/^hr.pay +1,200 +1,199 +0 +streamed +4 keys still differ after 390 s$/),
    'hr.pay: 1 missing in the lake, 3 different in gross, net',
    'hr.pay: 2 keys healed, 4 still differ, 1 of them with a key that only the lake can read',
    'hr.large: not compared, objects/too-large: hr.large v1 does not fit',
    'no time was left for hr.last',
  ])
})

test('the exit code is 1 for a difference, 2 for what could not be compared', () => {
  expect(answerExit(answerOf([equal]))).toBe(0)
  expect(answerExit(answerOf([equal, different], { notBegun: ['a'] }))).toBe(1)
  expect(answerExit(answerOf([equal], { equal: false, notBegun: ['a'] }))).toBe(2)
})

async function stackFile(value: unknown): Promise<string> {
  const file = join(await tempFolder(), 'data.json')
  await writeFile(file, JSON.stringify(value))
  return file
}
const deployed = (functions: object) => ({
  tidemark_data: { sensitive: false, type: 'object', value: { region: 'eu-west-1', functions } },
})

test('stacks are read from the outputs of Terraform, several files together', async () => {
  const data = await stackFile(deployed({ reconcile: 'tm-reconcile' }))
  const source = await stackFile({ tidemark_source: { value: { slot_name: 'tidemark' } } })
  const stack = await readStack(`${data},${source}`)
  expect(functionOf(stack, 'reconcile')).toEqual({ region: 'eu-west-1', name: 'tm-reconcile' })
  expect(stack.source.slot_name).toBe('tidemark')
  expect(() => functionOf(stack, 'compact')).toThrow(/compact/)
  const plain = await readStack([await stackFile({ tidemark_source: { slot_name: 'plain' } })])
  expect(plain.source.slot_name).toBe('plain')
  expect(() => outputsOf(plain, 'source', ['slot_name', 'cdc_task_arn', 'region'])).toThrow(
    'tidemark_source has no cdc_task_arn, no region',
  )
  const misspelt = await stackFile({ tidemark_data: { value: { region: 7 } } })
  for (const wrong of [await stackFile({ other: {} }), misspelt, '/none'])
    await expect(readStack([wrong])).rejects.toMatchObject({ code: 'stack/unreadable' })
})

test('reconcile --stack asks the function and prints its answer', async () => {
  const asked: string[] = []
  const lambda = await faultProxy(async ({ url, body }) => {
    asked.push(`${url} ${body.toString()}`)
    const headers = { 'content-type': 'application/json' }
    return { status: 200, headers, body: Buffer.from(JSON.stringify(answerOf([different]))) }
  })
  const { code, stdout } = await inProcess(['reconcile', '--table', 'hr.pay', '--repair'], {
    TIDEMARK_STACK: await stackFile(deployed({ reconcile: 'tm-reconcile' })),
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  })
  await lambda.close()
  expect(asked).toEqual(['/2015-03-31/functions/tm-reconcile/invocations {"tables":["hr.pay"],"heal":true}'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('4 keys still differ') })
})
