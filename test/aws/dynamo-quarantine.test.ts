import { inflateRawSync } from 'node:zlib'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, describe, expect, test } from 'vitest'
import { quarantineItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { type QuarantineUnderTest, quarantineContract } from '../ports/quarantine.contract.ts'
import { spread } from '../support/budget.ts'
import { dynamoFixture } from './dynamo-fixture.ts'
import { unprocessed } from './fake-partial-faults.ts'
import { every, faults, operationOf } from './fault-proxy.ts'

const stage = await dynamoFixture()
afterAll(() => stage.close())

function open(table: DynamoTable, now = Date.now): ItemQuarantine {
  return new ItemQuarantine({ table: quarantineItems(table), retentionDays: 30, now })
}

function underTest(table: DynamoTable): QuarantineUnderTest {
  return {
    quarantine: open(table),
    reopen: async () => underTest(table),
    holds: (text) => holds(table, text),
  }
}

quarantineContract('dynalite', async () => underTest(await calmTable()))

const plans = [
  ['throttling', every(3, faults.throttle)],
  ['errors of the service', every(3, faults['an error of the service'])],
  ['answers that never arrive', every(3, faults['a cut after the write'])],
  ['answers cut in half', every(3, faults['an answer that is cut in half'])],
  ['slow answers', every(40, faults['an answer after the time-out'])],
  ['batches done in part', every(1, unprocessed())],
] as const

describe.each(spread(plans, 2))('%s', (name, plan) => {
  quarantineContract(`dynalite under ${name}`, async () => {
    const table = await stage.table(name === 'slow answers' ? 'hasty' : 'patient')
    stage.proxy.plan = plan
    return underTest(table)
  })
})

test('keeps a payload beyond an item, and nothing of it is left when it was released', async () => {
  const table = await calmTable()
  const quarantine = open(table)
  const payload = Array.from({ length: 60_000 }, (_, index) => (index * 2_654_435_761).toString(36)).join('')
  await quarantine.put([entry('a', { payload })])
  expect((await idsAndPayloads(quarantine))[0]?.[1]).toBe(payload)
  await quarantine.release(['a'], 'redriven')
  await quarantine.purge()
  expect((await items(table)).map(({ pk }) => pk?.S)).toEqual(['tables'])
})

test('G10 a release that was cut off anywhere hides the entry or leaves it whole, and a purge ends it', async () => {
  const payload = Array.from({ length: 60_000 }, (_, index) => (index * 2_654_435_761).toString(36)).join('')
  for (const cutAfter of [0, 1, 2]) {
    const table = await calmTable()
    const quarantine = open(table)
    await quarantine.put([entry('a', { payload }), entry('b')])
    let writes = 0
    stage.proxy.plan = (exchange) =>
      ['UpdateItem', 'BatchWriteItem', 'DeleteItem'].includes(operationOf(exchange)) && ++writes > cutAfter
        ? faults.throttle
        : undefined
    await expect(quarantine.release(['a'], 'expired')).rejects.toMatchObject({
      code: 'quarantine/unavailable',
    })
    stage.proxy.plan = () => undefined
    const ids = (await idsAndPayloads(quarantine)).map(([id]) => id)
    expect(ids).toEqual(cutAfter === 0 ? ['a', 'b'] : ['b'])
    await quarantine.purge()
    expect(await holds(table, payload.slice(0, 40))).toBe(cutAfter === 0)
    await quarantine.put([entry('a', { payload: 'again' })])
    expect((await idsAndPayloads(quarantine)).map(([id]) => id).sort()).toEqual(['a', 'b'])
  }
})

test('an entry whose time is over waits no more, before DynamoDB removes it, and may come again', async () => {
  const table = await calmTable()
  const day = 86_400_000
  await open(table, () => day).put([entry('a', { payload: 'first' })])
  expect(await idsAndPayloads(open(table, () => 30 * day))).toHaveLength(1)
  const later = open(table, () => 31 * day + 1_000)
  expect(await idsAndPayloads(later)).toEqual([])
  await later.put([entry('a', { payload: 'second' })])
  expect(await idsAndPayloads(later)).toEqual([['a', 'second']])
})

test('G3 an entry that another machine refused a moment earlier stays as it is', async () => {
  const table = await calmTable()
  const other = open(table)
  let puts = 0
  stage.proxy.plan = (exchange) => {
    const isFirst = operationOf(exchange) === 'PutItem' && ++puts === 1
    return isFirst
      ? async (held, forward) => {
          await other.put([entry('a', { payload: 'earlier' })])
          return forward(held)
        }
      : undefined
  }
  await open(table).put([entry('a', { payload: 'later' })])
  expect(await idsAndPayloads(other)).toEqual([['a', 'earlier']])
  await other.release(['a'], 'expired')
  expect((await items(table)).map(({ pk }) => pk?.S)).toEqual(['tables'])
})

test('lists the entries of many tables in the order they came', async () => {
  const quarantine = open(await calmTable())
  const ids = Array.from({ length: 64 }, (_, index) => `e${index}`)
  for (let start = 0; start < ids.length; start += 12)
    await quarantine.put(
      ids.slice(start, start + 12).map((id, index) => entry(id, { table: `a.t${index % 12 === 5 ? 1 : 0}` })),
    )
  expect((await idsAndPayloads(quarantine)).map(([id]) => id)).toEqual(ids)
})

async function calmTable(): Promise<DynamoTable> {
  stage.proxy.plan = () => undefined
  return stage.table()
}

async function idsAndPayloads(quarantine: ItemQuarantine): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = []
  for await (const { id, payload } of quarantine.list()) found.push([id, payload])
  return found
}

async function items(table: DynamoTable) {
  const { plan } = stage.proxy
  stage.proxy.plan = () => undefined
  const { Items = [] } = await stage.client.send(
    new ScanCommand({ TableName: table.name, ConsistentRead: true }),
  )
  stage.proxy.plan = plan
  return Items
}

async function holds(table: DynamoTable, text: string): Promise<boolean> {
  const found = (await items(table)).sort((a, b) => ((a['sk']?.S ?? '') < (b['sk']?.S ?? '') ? -1 : 1))
  const parts = found.flatMap(({ content }) => content?.B ?? [])
  const packed = [...found.flatMap(({ payload }) => payload?.B ?? []), Buffer.concat(parts)]
  return packed.some((bytes) => bytes.length > 0 && inflateRawSync(bytes).includes(text))
}

function entry(id: string, given: Partial<QuarantineEntry> = {}): QuarantineEntry {
  const place = {
    stage: 'format',
    table: 'a.t',
    contract: { name: 'a.t', version: 1 },
    position: null,
  } as const
  return { id, ...place, reasons: [], payload: '{}', encoding: 'json', ...given }
}

test('a summary counts what waits, up to a bound, and knows the oldest that was not released', async () => {
  let now = 1_795_000_000_000
  const quarantine = open(await calmTable(), () => now)
  expect(await quarantine.summary(10)).toEqual({ waiting: 0, since: null })
  await quarantine.put([entry('a')])
  now += 60_000
  await quarantine.put([entry('b', { table: 'b.other' }), entry('c')])
  expect(await quarantine.summary(10)).toEqual({ waiting: 3, since: new Date(now - 60_000).toISOString() })
  expect((await quarantine.summary(2)).waiting).toBe(2)
  await quarantine.release(['a'], 'redriven')
  expect(await quarantine.summary(10)).toEqual({ waiting: 2, since: new Date(now).toISOString() })
})
