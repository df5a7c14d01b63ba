import { afterAll, beforeEach, expect, test } from 'vitest'
import { ledgerItems } from '../../aws/dynamo/dynamo-items.ts'
import { Lease } from '../../state/lease.ts'
import { withRevisionLease } from '../../state/revision-lease.ts'
import { dynamoFixture } from './dynamo-fixture.ts'
import { every, faults } from './fault-proxy.ts'

const stage = await dynamoFixture()
afterAll(() => stage.close())
beforeEach(() => {
  stage.proxy.plan = () => undefined
})

async function holders() {
  const table = ledgerItems(await stage.table())
  let clock = 1_000_000
  const lease = (owner: string) => new Lease({ table, owner, now: () => clock })
  return {
    one: lease('one'),
    other: lease('other'),
    pass: (milliseconds: number) => {
      clock += milliseconds
    },
  }
}

test('only one holder has a name at a time, and another name is another lease', async () => {
  const { one, other } = await holders()
  expect(await one.take('a', 60_000)).toBe(true)
  expect(await other.take('a', 60_000)).toBe(false)
  expect(await other.take('b', 60_000)).toBe(true)
  await other.release('a')
  expect(await other.take('a', 60_000)).toBe(false)
  await one.release('a')
  expect(await other.take('a', 60_000)).toBe(true)
})

test('its owner takes it again, and anybody when its time is over', async () => {
  const { one, other, pass } = await holders()
  expect(await one.take('a', 60_000)).toBe(true)
  pass(50_000)
  expect(await one.take('a', 60_000)).toBe(true)
  pass(50_000)
  expect(await other.take('a', 60_000)).toBe(false)
  pass(12_000)
  expect(await other.take('a', 60_000)).toBe(true)
  await one.release('a')
  expect(await one.take('a', 60_000)).toBe(false)
})

test('G10 an answer that is lost is no lease lost', async () => {
  const { one, other } = await holders()
  stage.proxy.plan = every(2, faults['a cut after the write'])
  expect(await one.take('a', 60_000)).toBe(true)
  expect(await other.take('a', 60_000)).toBe(false)
  await one.release('a')
  expect(await other.take('a', 60_000)).toBe(true)
})

test('G8 of two who choose a revision of one contract the second chooses none, until the first is done or fails', async () => {
  const { one, other } = await holders()
  const meanwhile = async () => withRevisionLease('w.things v1', other, async () => 2)
  expect(await withRevisionLease('w.things v1', one, meanwhile)).toBeUndefined()
  const fails = async () => Promise.reject(new Error('no catalog'))
  await expect(withRevisionLease('w.things v1', one, fails)).rejects.toThrow('no catalog')
  expect(await meanwhile()).toBe(2)
})
