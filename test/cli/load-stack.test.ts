import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Load } from '../../core/load/load.ts'
import { newLoad } from '../../ingest/loads/list-of-loads.ts'
import { json } from '../aws/fake-partial-faults.ts'
import { type FaultProxy, faultProxy } from '../aws/fault-proxy.ts'
import { inProcess, lastJson } from '../support/tidemark.ts'

let lambda: FaultProxy
let folder: string
let stack: string
const asked: unknown[] = []
let answers: readonly unknown[] = []

beforeAll(async () => {
  lambda = await faultProxy(async ({ body }) => {
    asked.push(JSON.parse(body.toString()))
    return json(answers[asked.length - 1] ?? { loads: [], plan: null })
  })
  folder = await mkdtemp(join(tmpdir(), 'tidemark-stack-'))
  stack = join(folder, 'data.json')
  const value = { region: 'eu-west-1', functions: { loads: 'tidemark-loads' } }
  await writeFile(stack, JSON.stringify({ tidemark_data: { value } }))
})
afterAll(async () => {
  await lambda.close()
  await rm(folder, { recursive: true, force: true })
})

const load = newLoad({ id: '20261127T100000-abcdef', tables: ['w.shops'], window: null }, [], 0)
const ended: Load = {
  ...load,
  tables: load.tables.map((table) => ({
    ...table,
    state: 'complete',
    rows: 1_200,
    endedAt: '1970-01-01T00:01:00.000Z',
  })),
}

function run(...args: readonly string[]) {
  asked.length = 0
  return inProcess(['load', ...args, '--stack', stack], {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
  })
}

test('a load of a stack is planned, started, looked at, resumed and cancelled by its function', async () => {
  const calls = ['ModifyEndpoint arn S3Settings.BucketFolder=landing/loads/l1']
  const planned = { tables: [{ table: 'w.shops', estimatedRows: 1_200 }], calls }
  answers = [{ loads: [], plan: planned }]
  const plan = await run('start', '--tables', 'w.*', '--dry-run', '--json')
  expect([plan.code, lastJson(plan)]).toEqual([
    0,
    { activity: null, plan: planned.tables, calls, load: null },
  ])
  expect(asked).toEqual([{ plan: { tables: ['w.*'] } }])

  answers = [{ loads: [load], plan: null }]
  const started = await run('start', '--tables', 'w.*', '--window', '22:00-04:00')
  expect(asked).toEqual([{ start: { tables: ['w.*'], window: '22:00-04:00' } }])
  expect(started.stdout).toContain(load.id)
  expect(started.stderr).toContain(`tidemark load watch ${load.id} --stack`)

  answers = [
    { loads: [load], plan: null },
    { loads: [ended], plan: null },
  ]
  const waited = await run('start', '--tables', 'w.shops', '--wait', '--json')
  expect([waited.code, lastJson(waited)]).toMatchObject([0, { tables: [{ state: 'complete', rows: 1_200 }] }])
  expect(asked).toEqual([{ start: { tables: ['w.shops'], window: null } }, { status: true }])

  answers = [{ loads: [ended], plan: null }]
  expect((await run('status')).stdout).toMatch(/w\.shops +complete/)
  await run('resume', load.id, '--json')
  expect(asked).toEqual([{ resume: load.id }])
  await run('cancel', load.id)
  expect(asked).toEqual([{ cancel: load.id }])
  const none = await run('watch', 'another')
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('load/not-found')])
})
