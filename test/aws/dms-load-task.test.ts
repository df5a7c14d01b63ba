import { afterAll, expect, test } from 'vitest'
import { dmsClient } from '../../aws/clients.ts'
import { DmsLoadTask } from '../../aws/dms/dms-load-task.ts'
import { DmsDouble } from './dms-double.ts'
import { every, type FaultPlan, faultProxy, faults } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

async function taskUnderTest(plan: FaultPlan = () => undefined) {
  const dms = new DmsDouble()
  const proxy = await faultProxy(async (exchange) => dms.answer(exchange))
  proxy.plan = plan
  const client = dmsClient(standInSettings(proxy.endpoint))
  closing.push(async () => {
    client.destroy()
    await proxy.close()
  })
  const place = { client, task: 'arn:task', endpoint: 'arn:endpoint' }
  const task = new DmsLoadTask({ ...place, retry: quickRetry, pollMs: 1, settleDeadlineMs: 5_000 })
  return { dms, task }
}

const now = () => Date.now() - 1

test('a load is a folder, exactly its tables, and a start; the next one a reload', async () => {
  const { dms, task } = await taskUnderTest()
  expect(await task.begin('l1', ['w.shops', 'w.a_b'], now())).toBe('begun')
  expect(dms.told).toEqual(['ModifyEndpoint', 'ModifyReplicationTask', 'start-replication'])
  expect(dms.folder).toBe('landing/loads/l1')
  expect(dms.selected()).toEqual(['w.a[_]b', 'w.shops'])
  expect(await task.isReading('l1')).toBe(true)
  expect(await task.isReading('l2')).toBe(false)
  expect(await task.begin('l2', ['w.shops'], now())).toBe('busy')
  dms.finish({ 'w.shops': { state: 'Table completed', rows: 3 }, 'w.a_b': { state: 'Table error', rows: 1 } })
  expect(await task.tables()).toEqual(
    new Map([
      ['w.shops', { state: 'read', rows: 3 }],
      ['w.a_b', { state: 'failed', rows: 1 }],
    ]),
  )
  expect(await task.isReading('l1')).toBe(false)
  expect(await task.begin('l2', ['w.shops'], Date.now() + 5)).toBe('begun')
  expect(dms.told.at(-1)).toBe('reload-target')
})

test('G10 a load that was begun is not begun again, not even when it has ended since', async () => {
  const { dms, task } = await taskUnderTest()
  const since = now()
  await task.begin('l1', ['w.shops'], since)
  expect(await task.begin('l1', ['w.shops'], since)).toBe('begun')
  dms.finish({ 'w.shops': { state: 'Table completed', rows: 3 } })
  expect(await task.begin('l1', ['w.shops'], since)).toBe('begun')
  expect(dms.told.filter((one) => /start|reload/.test(one))).toEqual(['start-replication'])
})

test.each([
  ['throttling', every(2, faults.throttle)],
  ['answers that never arrive', every(3, faults['a cut after the write'])],
])('G10 begins once through %s', async (_, plan) => {
  const { dms, task } = await taskUnderTest(plan)
  expect(await task.begin('l1', ['w.shops'], now())).toBe('begun')
  expect(dms.status).toBe('running')
  expect(dms.selected()).toEqual(['w.shops'])
  await task.stop()
  expect(dms.status).toBe('stopped')
})

test('a task between two states is busy, and an endpoint that is not there is named', async () => {
  const { dms, task } = await taskUnderTest()
  dms.status = 'moving'
  expect(await task.begin('l1', ['w.shops'], now())).toBe('busy')
})
