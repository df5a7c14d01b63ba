import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { dmsClient } from '../../aws/clients.ts'
import { DmsTasks } from '../../aws/dms/dms-tasks.ts'
import { startType, type TaskState } from '../../aws/dms/start-type.ts'
import { type Exchange, errorAnswer, every, faultProxy, faults, operationOf } from './fault-proxy.ts'
import { json } from './partial-faults.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

describe('how a task is started', () => {
  const state = (given: Partial<TaskState> = {}): TaskState => ({
    status: 'stopped',
    migrationType: 'cdc',
    hasRun: true,
    ...given,
  })

  test('G1 a cdc task that has run is only ever resumed', () => {
    for (const status of ['stopped', 'failed', 'ready']) {
      expect(startType(state({ status }), 'go-on')).toBe('resume-processing')
      expect(() => startType(state({ status }), 'load-again')).toThrow('not loaded again')
    }
    expect(startType(state({ status: 'ready', hasRun: false }), 'go-on')).toBe('start-replication')
  })

  test('a full load goes on with the tables that are left, or reads all again', () => {
    const load = state({ migrationType: 'full-load' })
    expect(startType(load, 'go-on')).toBe('resume-processing')
    expect(startType(load, 'load-again')).toBe('reload-target')
    expect(startType({ ...load, hasRun: false }, 'load-again')).toBe('start-replication')
  })

  test('what runs is left alone, what is between two states is not touched', () => {
    expect(startType(state({ status: 'running' }), 'go-on')).toBe('running')
    expect(() => startType(state({ status: 'running', migrationType: 'full-load' }), 'load-again')).toThrow(
      'stop it',
    )
    for (const status of ['creating', 'modifying', 'stopping', 'deleting', 'moving'])
      expect(() => startType(state({ status }), 'go-on')).toThrow('wait')
  })
})

/* A task of DMS: what it was told, and one look at it in the state between two. */
const task = { status: 'ready', migrationType: 'cdc', hasRun: false, mappings: '' }
let after: string | undefined
const told: string[] = []

function answer(exchange: Exchange) {
  const operation = operationOf(exchange)
  const body = JSON.parse(exchange.body.toString())
  const refuse = () => errorAnswer(exchange, 400, 'InvalidResourceStateFault')
  if (!operation.startsWith('Describe')) told.push(body.StartReplicationTaskType ?? operation)
  if (operation === 'DescribeReplicationTasks') {
    const { status, migrationType, hasRun } = task
    if (after !== undefined) task.status = after
    after = undefined
    const started = hasRun ? { ReplicationTaskStartDate: 1_700_000_000 } : {}
    return json({ ReplicationTasks: [{ Status: status, MigrationType: migrationType, ...started }] })
  }
  if (operation === 'DescribeTableStatistics') {
    const name = body.Marker === undefined ? 'one' : 'two'
    const found = { SchemaName: 'public', TableName: name, TableState: 'Table completed', FullLoadRows: 3 }
    return json({ TableStatistics: [found], ...(name === 'one' ? { Marker: 'm' } : {}) })
  }
  if (operation === 'StartReplicationTask') {
    if (task.status === 'running') return refuse()
    task.status = 'running'
    task.hasRun = true
  }
  if (operation === 'StopReplicationTask') {
    if (task.status !== 'running') return refuse()
    task.status = 'stopping'
    after = 'stopped'
  }
  if (operation === 'ModifyReplicationTask') {
    if (task.status !== 'stopped') return refuse()
    task.mappings = body.TableMappings
    task.status = 'modifying'
    after = 'stopped'
  }
  if (operation === 'ReloadTables') told.push(String(body.TablesToReload.length))
  return json({})
}

const proxy = await faultProxy(async (exchange) => answer(exchange))
const client = dmsClient(standInSettings(proxy.endpoint))
const tasks = new DmsTasks({ client, retry: quickRetry, pollMs: 1, settleDeadlineMs: 5_000 })
afterAll(async () => {
  client.destroy()
  await proxy.close()
})
beforeEach(() => {
  proxy.plan = () => undefined
  Object.assign(task, { status: 'ready', migrationType: 'cdc', hasRun: false, mappings: '' })
  after = undefined
  told.length = 0
})

describe.each([
  ['no faults', () => undefined],
  ['throttling', every(2, faults.throttle)],
  ['answers that never arrive', every(2, faults['a cut after the write'])],
  ['other answers that never arrive', every(3, faults['a cut after the write'])],
])('DMS under %s', (_, plan) => {
  test('G1 a table is added by stop, change and resume; the slot is never made again', async () => {
    proxy.plan = plan
    await tasks.start('arn', 'go-on')
    await tasks.changeTables('arn', '{"rules":[]}')
    await tasks.start('arn', 'go-on')
    expect(task).toMatchObject({ status: 'running', mappings: '{"rules":[]}' })
    expect([...new Set(told)]).toEqual([
      'start-replication',
      'StopReplicationTask',
      'ModifyReplicationTask',
      'resume-processing',
    ])
  })
})

test('reloads ten tables in a request, and nothing of a task that DMS reloads nothing of', async () => {
  Object.assign(task, { status: 'running', migrationType: 'full-load-and-cdc' })
  await tasks.reloadTables(
    'arn',
    Array.from({ length: 23 }, (_, index) => `public.t${index}`),
  )
  expect(told.filter((word) => word !== 'ReloadTables')).toEqual(['10', '10', '3'])
  task.migrationType = 'cdc'
  await expect(tasks.reloadTables('arn', ['public.t'])).rejects.toMatchObject({ code: 'dms/refused' })
})

test('gives the statistics of every table, page by page', async () => {
  const found: string[] = []
  for await (const { table, state, fullLoadRows } of tasks.statistics('arn'))
    found.push(`${table} ${state} ${fullLoadRows}`)
  expect(found).toEqual(['public.one Table completed 3', 'public.two Table completed 3'])
})

test('a task that does not stop in time is named, and can be asked again', async () => {
  Object.assign(task, { status: 'stopping', hasRun: true })
  const hurried = new DmsTasks({ client, retry: quickRetry, pollMs: 1, settleDeadlineMs: 10 })
  await expect(hurried.stop('arn')).rejects.toMatchObject({ code: 'aws/unavailable', action: 'retry' })
})
