import { afterAll, beforeEach, expect, test } from 'vitest'
import { every, faults, operationOf } from '../aws/fault-proxy.ts'
import { whole } from '../support/budget.ts'
import { streamEvent } from './events.ts'
import { handlerFixture } from './handler-fixture.ts'
import { done, even, openShop, setObjectAside, shopsOf } from './ledger-fixture.ts'

/*
 * Pages of changes that were committed a moment ago: 2 + 1 + 1 changes, one of the first page refused. The block of a
 * page of which nothing is refused is its record.
 */
const HOUR = 3_600_000
const stage = await handlerFixture()
afterAll(() => stage.close())
beforeEach(() => {
  stage.dynamo.proxy.plan = () => undefined
})
const shop = () => openShop(stage, new Date(Date.now() - 5_000).toISOString().replace('Z', '000Z'))
const landed = { captured: 4, landed: 3, quarantined: 1, ...even }

/* Items of the ledger that a call of a stage writes, by what they are. */
async function writtenBy(
  table: string,
  call: () => Promise<unknown>,
): Promise<Readonly<Record<string, number>>> {
  const kinds: Record<string, number> = {}
  stage.dynamo.proxy.plan = (exchange) => {
    if (operationOf(exchange) !== 'BatchWriteItem') return undefined
    const body: {
      RequestItems: Record<string, { PutRequest: { Item: { pk: { S: string } } } }[]>
    } = JSON.parse(exchange.body.toString())
    for (const { PutRequest } of body.RequestItems[table] ?? []) {
      const [kind = ''] = PutRequest.Item.pk.S.split('#')
      kinds[kind] = (kinds[kind] ?? 0) + 1
    }
    return undefined
  }
  await call()
  stage.dynamo.proxy.plan = () => undefined
  return kinds
}

test('G1 a young page is written down where its block lands, once for each object and table, and balances at every step', async () => {
  const at = await shop()
  const formatting = async () => {
    for (const _ of [1, 2]) expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
  }
  /* The page with a refusal, twice. */
  expect(await writtenBy(at.ledgerTable, formatting)).toEqual({ page: 2 })
  const formatted = { captured: 4, landed: 0, quarantined: 1, inFlight: 3, missing: 0, balanced: true }
  expect(shopsOf(await at.audit())).toEqual(formatted)
  const objects = await at.objects.list('landing/changes/')
  const landing = async () => {
    for (const _ of [1, 2]) await at.land(await at.notices())
  }
  const many = 2 * objects.length
  const items = await writtenBy(at.ledgerTable, landing)
  expect(items).toMatchObject({ blocks: many, files: many, landed: many })
  expect(items).not.toHaveProperty('page')
  const audit = await at.audit(3 * HOUR)
  expect(shopsOf(audit)).toEqual(landed)
  expect(audit.findings).toEqual([])
})

whole('G1 an object that is gone before it was landed: its pages are named, and come back', async () => {
  const at = await shop()
  expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
  for (const key of await at.objects.list('landing/changes/')) await at.objects.delete(key)
  expect((await at.audit(HOUR / 2)).findings).toEqual([])
  const audit = await at.audit(3 * HOUR)
  expect(shopsOf(audit)).toEqual({
    captured: 4,
    landed: 0,
    quarantined: 1,
    inFlight: 0,
    missing: 3,
    balanced: false,
  })
  expect(audit.findings.map(({ kind, count }) => [kind, count]).sort()).toEqual([
    ['block', 1],
    ['page', 1],
    ['page', 1],
  ])
  const pages = audit.findings.map(({ name }) => name)
  const asked = async () =>
    expect(await at.format.invoke({ pages })).toMatchObject({ answer: { done: pages } })
  expect(await writtenBy(at.ledgerTable, asked)).toEqual({ page: 3 })
  await at.land(await at.notices())
  expect(shopsOf(await at.audit(3 * HOUR))).toEqual(landed)
})

whole(
  'G1 an object that cannot be landed is set aside with the pages that its blocks are the records of',
  async () => {
    await setObjectAside(await shop())
  },
)

test('G10 format and land that are cut off at any call to the ledger are asked again, and nothing counts twice', async () => {
  const at = await shop()
  stage.dynamo.proxy.plan = every(2, faults['a cut after the write'])
  for (const _ of [1, 2]) expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
  stage.dynamo.proxy.plan = (exchange) => (exchange.body.includes('blocks#') ? faults.throttle : undefined)
  expect(await at.land(await at.notices())).not.toEqual({ batchItemFailures: [] })
  stage.dynamo.proxy.plan = () => undefined
  expect(shopsOf(await at.audit())).toMatchObject({ captured: 4, landed: 0, inFlight: 3, balanced: true })
  await at.land(await at.notices())
  expect(shopsOf(await at.audit(3 * HOUR))).toEqual(landed)
})
