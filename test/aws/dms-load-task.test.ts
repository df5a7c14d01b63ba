import { afterAll, expect, test } from 'vitest'
import { dmsClient } from '../../aws/calls/clients.ts'
import { DmsLoadTask } from '../../aws/dms/dms-load-task.ts'
import { FakeDms } from './fake-dms.ts'
import { every, type FaultPlan, faultProxy, faults } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

async function taskUnderTest(plan: FaultPlan = () => undefined) {
  const dms = new FakeDms()
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

test('a load is a folder, exactly its tables, and a start; the next one a reload; other settings stay', async () => {
  const { dms, task } = await taskUnderTest()
  const before = await task.look()
  expect(before).toEqual({
    isBusy: false,
    run: null,
    load: null,
    isFinished: false,
    reason: 'the task is ready',
  })
  const calls = await task.plan('l1', ['w.shops', 'w.a_b'])
  await task.begin('l1', ['w.shops', 'w.a_b'])
  expect(dms.told).toEqual([
    ...['ModifyEndpoint', 'ModifyReplicationTask', 'TestConnection', 'start-replication'],
  ])
  expect(calls.map((one) => one.split(' ')[0])).toEqual([
    ...['ModifyEndpoint', 'ModifyReplicationTask', 'StartReplicationTask'],
  ])
  expect(calls).toEqual([
    expect.stringMatching(/BucketFolder=landing\/loads\/l1$/),
    expect.stringContaining(`TableMappings=${dms.mappings}`),
    expect.stringMatching(/start-replication$/),
  ])
  expect(dms.settings).toEqual({ BucketName: 'lake', BucketFolder: 'landing/loads/l1' })
  expect(dms.selected()).toEqual(['w.a[_]b', 'w.shops'])
  const reading = await task.look()
  expect(reading).toMatchObject({ isBusy: true, load: 'l1', isFinished: false })
  await expect(task.begin('l2', ['w.shops'])).rejects.toThrow()
  expect(dms.folder).toBe('landing/loads/l1')
  dms.finish({ 'w.shops': { state: 'Table completed', rows: 3 }, 'w.a_b': { state: 'Table error', rows: 1 } })
  const tables = await task.tables()
  expect(tables.get('w.shops')).toMatchObject({ state: 'read', rows: 3 })
  expect(tables.get('w.a_b')).toEqual({ state: 'failed', rows: 1, readAt: null })
  const ended = await task.look()
  expect(ended).toMatchObject({ isBusy: false, run: reading.run, isFinished: true })
  expect((tables.get('w.shops')?.readAt ?? '') > (ended.run ?? '')).toBe(true)
  expect((await task.plan('l2', ['w.shops'])).at(-1)).toMatch(/reload-target$/)
  await task.begin('l2', ['w.shops'])
  /* The test that DMS began by itself was waited for. */
  expect(dms.told.slice(-3)).toEqual(['ModifyEndpoint', 'ModifyReplicationTask', 'reload-target'])
  expect((await task.look()).run).not.toBe(reading.run)
})

test.each([
  ['throttling', every(2, faults.throttle)],
  ['answers that never arrive', every(3, faults['a cut after the write'])],
])('G10 begins once through %s', async (_, plan) => {
  const { dms, task } = await taskUnderTest(plan)
  await task.begin('l1', ['w.shops'])
  expect((await task.look()).isBusy).toBe(true)
  expect(dms.told.filter((one) => one === 'start-replication').length).toBeLessThan(3)
  expect(dms.selected()).toEqual(['w.shops'])
  await task.stop()
  expect(await task.look()).toMatchObject({ isBusy: false, isFinished: false })
})

test('a task whose endpoint cannot be reached is not started, and begins once it can', async () => {
  const { dms, task } = await taskUnderTest()
  dms.isReachable = false
  await expect(task.begin('l1', ['w.shops'])).rejects.toMatchObject({ code: 'dms/refused' })
  expect(dms.told).not.toContain('start-replication')
  dms.isReachable = true
  await task.begin('l1', ['w.shops'])
  expect(dms.told.at(-1)).toBe('start-replication')
})

test('a task between two states is busy, and why it stopped is said in words of DMS alone', async () => {
  const { dms, task } = await taskUnderTest()
  dms.status = 'moving'
  expect(await task.look()).toMatchObject({ isBusy: true })
  dms.status = 'failed'
  dms.stopReason = 'Stop Reason FATAL_ERROR Row (1, Ada Lovelace)'
  expect((await task.look()).reason).toBe('the task is failed: FATAL_ERROR')
})
