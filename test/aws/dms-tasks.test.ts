import { afterAll, describe, expect, test } from 'vitest'
import { dmsClient } from '../../aws/calls/clients.ts'
import { DmsTasks } from '../../aws/dms/dms-tasks.ts'
import { startType, type TaskState } from '../../aws/dms/start-type.ts'
import { FakeDms } from './fake-dms.ts'
import { json } from './fake-partial-faults.ts'
import { type Exchange, faultProxy, operationOf } from './fault-proxy.ts'
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

/* Statistics in two pages, which the double has in one, and a task that stops as long as it is told to. */
let isStopping = false
let dms = new FakeDms()

function answer(exchange: Exchange) {
  const operation = operationOf(exchange)
  const body = JSON.parse(exchange.body.toString())
  if (operation === 'DescribeTableStatistics') {
    const name = body.Marker === undefined ? 'one' : 'two'
    const found = { SchemaName: 'public', TableName: name, TableState: 'Table completed', FullLoadRows: 3 }
    return json({ TableStatistics: [found], ...(name === 'one' ? { Marker: 'm' } : {}) })
  }
  if (isStopping) dms.status = 'stopping'
  return dms.answer(exchange)
}

const proxy = await faultProxy(async (exchange) => answer(exchange))
const client = dmsClient(standInSettings(proxy.endpoint))
const tasks = new DmsTasks({ client, retry: quickRetry, pollMs: 1, settleDeadlineMs: 5_000 })
afterAll(async () => {
  client.destroy()
  await proxy.close()
})

test('reloads ten tables in a request, and nothing of a task that DMS reloads nothing of', async () => {
  dms = new FakeDms({ migrationType: 'full-load-and-cdc', status: 'running', hasRun: true })
  await tasks.reloadTables(
    'arn',
    Array.from({ length: 23 }, (_, index) => `public.t${index}`),
  )
  expect(dms.told.filter((word) => word !== 'ReloadTables')).toEqual(['10', '10', '3'])
  dms = new FakeDms({ migrationType: 'cdc', status: 'running', hasRun: true })
  await expect(tasks.reloadTables('arn', ['public.t'])).rejects.toMatchObject({ code: 'dms/refused' })
})

test('gives the statistics of every table, page by page', async () => {
  const found: string[] = []
  for await (const { table, state, fullLoadRows } of tasks.statistics('arn'))
    found.push(`${table} ${state} ${fullLoadRows}`)
  expect(found).toEqual(['public.one Table completed 3', 'public.two Table completed 3'])
})

test('a task that does not stop in time is named, and can be asked again', async () => {
  dms = new FakeDms({ migrationType: 'cdc', hasRun: true })
  isStopping = true
  const hurried = new DmsTasks({ client, retry: quickRetry, pollMs: 1, settleDeadlineMs: 10 })
  await expect(hurried.stop('arn')).rejects.toMatchObject({ code: 'aws/unavailable', action: 'retry' })
})
