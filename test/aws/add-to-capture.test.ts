import { afterAll, describe, expect, test } from 'vitest'
import { dmsClient } from '../../aws/calls/clients.ts'
import { addToCapture, type CaptureStep, planCapture } from '../../aws/dms/add-to-capture.ts'
import { DmsTasks } from '../../aws/dms/dms-tasks.ts'
import { terraformJson } from '../../aws/dms/mapped-tables.ts'
import { cdcMappings } from '../../aws/dms/table-mappings.ts'
import { FakeDms, type FakeTask } from './fake-dms.ts'
import { every, type FaultPlan, faultProxy, faults, operationOf } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

let dms = new FakeDms()
const proxy = await faultProxy(async (exchange) => dms.answer(exchange))
const client = dmsClient(standInSettings(proxy.endpoint))
afterAll(async () => {
  client.destroy()
  await proxy.close()
})

const mappingsOf = (...tables: readonly string[]) => terraformJson(JSON.parse(cdcMappings(tables)))
const before = mappingsOf('w.shifts', 'w.shops')
const wanted = mappingsOf('w.shifts', 'w.shops', 'w.new_badges')

function openTask(task: Partial<FakeTask> = {}): void {
  dms = new FakeDms({ migrationType: 'cdc', hasRun: true, status: 'running', mappings: before, ...task })
}

function add(attempts = quickRetry.attempts, steps: CaptureStep[] = []) {
  const settings = { client, retry: { ...quickRetry, attempts }, pollMs: 1, settleDeadlineMs: 5_000 }
  const deps = { tasks: new DmsTasks(settings), task: 'arn', pollMs: 1, showDeadlineMs: 300 }
  return addToCapture({ ...deps, onStep: (step) => steps.push(step) }, wanted, ['w.new_badges'])
}

function plan() {
  const settings = { client, retry: quickRetry, pollMs: 1, settleDeadlineMs: 5_000 }
  const deps = { tasks: new DmsTasks(settings), task: 'arn', pollMs: 1, showDeadlineMs: 300 }
  return planCapture({ ...deps, onStep: () => undefined }, wanted)
}

const ADDED = ['StopReplicationTask', 'ModifyReplicationTask', 'resume-processing']

describe.each<readonly [string, FaultPlan]>([
  ['no faults', () => undefined],
  ['throttling', every(2, faults.throttle)],
  ['answers that never arrive', every(2, faults['a cut after the write'])],
  ['other answers that never arrive', every(3, faults['a cut after the write'])],
])('DMS under %s', (_, faulty) => {
  test('G1 a table is captured by stop, change and resume; the slot is never made again', async () => {
    openTask()
    proxy.plan = faulty
    const steps: CaptureStep[] = []
    expect(await add(undefined, steps)).toEqual({ milliseconds: expect.any(Number) })
    proxy.plan = () => undefined
    expect([dms.status, dms.mappings]).toEqual(['running', wanted])
    expect([...dms.tables.keys()]).toContain('w.new_badges')
    expect([...new Set(dms.told)]).toEqual(ADDED)
    expect(steps).toEqual(['stopped', 'changed', 'running', 'shown'])
  })
})

/* The command is gone, and what it asked for last happened or did not; looks alone are cut off only where they are heard. */
test.each([
  ['was heard', faults['a cut after the write'], /./],
  ['was not heard', faults['a cut before the request arrives'], /^(Stop|Modify|Start)/],
] as const)(
  'G10 cut off at any call, which %s, the next time goes on with what DMS says',
  async (_, fault, at) => {
    for (let calls = 1; ; calls += 1) {
      openTask()
      let made = 0
      proxy.plan = (exchange) => {
        if (at.test(operationOf(exchange))) made += 1
        return made === calls && at.test(operationOf(exchange)) ? fault : undefined
      }
      const first = await add(1).then(
        () => 'done',
        () => 'cut off',
      )
      proxy.plan = () => undefined
      await add()
      expect([dms.status, dms.mappings], `call ${calls}`).toEqual(['running', wanted])
      expect(dms.told).not.toContain('start-replication')
      expect(dms.told).not.toContain('reload-target')
      expect([...new Set(dms.told)], `call ${calls}`).toEqual(ADDED)
      expect([...dms.tables.keys()]).toContain('w.new_badges')
      if (first === 'done') {
        expect(calls).toBeGreaterThan(ADDED.length)
        return
      }
    }
  },
)

test('a task that has the tables and runs is told nothing', async () => {
  openTask({ mappings: JSON.stringify(JSON.parse(wanted), null, 2) })
  expect(await plan()).toMatchObject({ isSame: true, added: [], removed: [], calls: [] })
  expect(await add()).toEqual({ milliseconds: null })
  expect(dms.told).toEqual([])
})

test('a task that stands is changed and resumed, one that has the tables only resumed', async () => {
  openTask({ status: 'stopped' })
  await add()
  expect(dms.told).toEqual(ADDED.slice(1))
  openTask({ status: 'stopped', mappings: wanted })
  await add()
  expect(dms.told).toEqual(['resume-processing'])
})

test('what would be told is planned, and nothing told', async () => {
  openTask()
  const { added, calls } = await plan()
  expect(added).toEqual(['w.new_badges'])
  expect(calls).toEqual([
    'StopReplicationTask arn',
    `ModifyReplicationTask arn TableMappings=${wanted}`,
    'StartReplicationTask arn resume-processing',
  ])
  expect(dms.told).toEqual([])
})

test.each<readonly [string, Partial<FakeTask>, string]>([
  ['is of another kind', { migrationType: 'full-load' }, 'not the one of the changes'],
  ['was never started', { hasRun: false, status: 'ready' }, 'never started'],
  ['has failed', { status: 'failed' }, 'is failed'],
  ['is being deleted', { status: 'deleting' }, 'is deleting'],
  [
    'would lose a table',
    { mappings: mappingsOf('w.shifts', 'w.old', 'w.shops') },
    'end the capture of w.old',
  ],
  [
    'selects by a wildcard',
    { mappings: mappingsOf('w.shifts').replace('shifts', '%') },
    'not one table by its name',
  ],
  [
    'selects by something else',
    { mappings: '{"rules":[{"rule-type":"selection"}]}' },
    'not one table by its name',
  ],
  ['has other mappings', { mappings: 'none' }, 'nobody here understands'],
])('G1 a task that %s is refused and told nothing', async (_, task, message) => {
  openTask(task)
  await expect(add()).rejects.toMatchObject({
    code: 'dms/refused',
    message: expect.stringContaining(message),
  })
  expect(dms.told).toEqual([])
})

test('G1 a task with a table in error is refused; a new table that DMS cannot read is named', async () => {
  openTask()
  dms.tables.set('w.shops', { state: 'Table error', rows: 0 })
  await expect(add()).rejects.toMatchObject({
    code: 'dms/refused',
    message: expect.stringContaining('w.shops'),
  })
  openTask()
  dms.tables.set('w.new_badges', { state: 'Table does not exist', rows: 0 })
  await expect(add()).rejects.toMatchObject({ code: 'table/not-captured' })
})
