import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { XrayTrace } from '../../handlers/runtime/xray-trace.ts'

const ROOT = '1-581cf771-a006649127e371903a2de979'
const sampled = `Root=${ROOT};Parent=70de5b6f19ff9a0a;Sampled=1;Lineage=a:1:0`
const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 }

/* The daemon, as far as a function sees it. */
let daemon: ReturnType<typeof createSocket>
let heard: string[]

beforeEach(async () => {
  heard = []
  daemon = createSocket('udp4')
  daemon.on('message', (bytes) => heard.push(bytes.toString()))
  daemon.bind(0, '127.0.0.1')
  await once(daemon, 'listening')
})
afterEach(() => daemon.close())

async function documents(count: number): Promise<readonly Record<string, unknown>[]> {
  while (heard.length < count) await once(daemon, 'message')
  return heard.map((text) => {
    const [header, document = ''] = text.split('\n')
    expect(header).toBe('{"format":"json","version":1}')
    return JSON.parse(document)
  })
}

function stageWith(environment: Record<string, string>) {
  const trace = new XrayTrace({
    AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
    ...environment,
  })
  const written: string[] = []
  let now = 1_000
  const clock = () => {
    now += 500
    return now
  }
  const stage = new LambdaStage('capture', { write: (line) => written.push(line), now: clock, trace })
  const observe = stage.clientSettings('eu-west-1').observe
  const request = { bytes: 10, startedAt: 2_000, endedAt: 2_250 }
  return {
    stage,
    written,
    call: (more: object) =>
      observe?.({ ...request, service: 'DynamoDB', operation: 'PutItem', status: 200, error: null, ...more }),
  }
}

test('a sampled invocation sends its parts and its requests as subsegments of the trace that Lambda gave', async () => {
  const { stage, call, written } = stageWith({ _X_AMZN_TRACE_ID: sampled })
  await stage.run(context, () =>
    stage.part('records', async () => {
      call({})
      call({ service: 'S3', operation: 'GetObject', status: 503, error: 'SlowDown' })
      call({ status: 400, error: 'ValidationException' })
      call({ status: null, error: 'TimeoutError' })
    }),
  )
  const [put, slow, refused, cut, part] = await documents(5)
  expect(part).toMatchObject({
    name: 'records',
    trace_id: ROOT,
    parent_id: '70de5b6f19ff9a0a',
    type: 'subsegment',
  })
  expect(put).toEqual({
    ...{
      name: 'DynamoDB',
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      trace_id: ROOT,
      parent_id: part?.['id'],
    },
    ...{ type: 'subsegment', start_time: 2, end_time: 2.25, namespace: 'aws', aws: { operation: 'PutItem' } },
    http: { response: { status: 200 } },
  })
  expect(slow).toMatchObject({ name: 'S3', error: true, throttle: true })
  expect(refused).toMatchObject({ error: true, http: { response: { status: 400 } } })
  expect(refused).not.toHaveProperty('throttle')
  expect(cut).toMatchObject({ fault: true })
  expect(written.map((line) => JSON.parse(line))).toMatchObject([
    { stage: 'capture', service: 'DynamoDB', calls: 3, bytes: 30 },
    { stage: 'capture', service: 'S3', calls: 1, bytes: 10 },
  ])
})

test('work that fails is a fault, and its error passes', async () => {
  const { stage } = stageWith({ _X_AMZN_TRACE_ID: sampled })
  const work = stage.run(context, () => stage.part('message', () => Promise.reject(new Error('no'))))
  await expect(work).rejects.toThrow('no')
  expect(await documents(1)).toMatchObject([{ name: 'message', fault: true }])
})

test('at most 100 parts of an invocation are sent, and none of one that is not sampled', async () => {
  const environment: Record<string, string> = { _X_AMZN_TRACE_ID: sampled.replace('Sampled=1', 'Sampled=0') }
  const { stage, call } = stageWith({})
  for (const header of [environment['_X_AMZN_TRACE_ID'], 'nonsense', undefined]) {
    const other = stageWith(header === undefined ? {} : { _X_AMZN_TRACE_ID: header })
    await other.stage.run(context, async () => other.call({}))
  }
  await stage.run(context, async () => call({}))
  const last = stageWith({ _X_AMZN_TRACE_ID: sampled })
  await last.stage.run(context, async () => {
    for (let at = 0; at < 300; at += 1) last.call({})
  })
  expect(await documents(100)).toHaveLength(100)
})

test('a daemon that is not there, or an address that is none, keeps nobody waiting', async () => {
  for (const address of ['127.0.0.1:1', 'tcp:127.0.0.1:1 udp:127.0.0.1:1', 'nonsense', '']) {
    const { stage, call } = stageWith({ _X_AMZN_TRACE_ID: sampled, AWS_XRAY_DAEMON_ADDRESS: address })
    const work = async () => {
      call({})
      return 'done'
    }
    expect(await stage.run(context, work)).toBe('done')
  }
})
