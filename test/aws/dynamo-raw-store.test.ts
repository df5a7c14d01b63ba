import { createHash } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { itemOfImage } from '../../aws/dynamo/attribute-values.ts'
import { rawItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { encodePages, type Page } from '../../core/page.ts'
import { put, remove } from '../../core/ports/item-table.ts'
import { loadPosition, nextStep } from '../../core/position.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { expiryOf, pageItem } from '../../state/raw-store/page-item.ts'
import { listed, page, type RawStoreUnderTest, rawStoreContract } from '../ports/raw-store.contract.ts'
import { spread } from '../support/budget.ts'
import { dynamoFixture } from './dynamo-fixture.ts'
import { json, unprocessed } from './fake-partial-faults.ts'
import { every, type Fault, faults, operationOf } from './fault-proxy.ts'

const stage = await dynamoFixture()
afterAll(() => stage.close())

function underTest(table: DynamoTable): RawStoreUnderTest {
  return {
    store: new ItemRawStore({ table: rawItems(table), retentionDays: 30 }),
    reopen: async () => underTest(table),
    feed: async () =>
      stage
        .images(table)
        .filter((image) => image['digest'] !== undefined)
        .map(({ table: name, sk }) => `${name?.['S']}#${sk?.['S']}`),
  }
}

rawStoreContract('dynalite', async () => {
  stage.proxy.plan = () => undefined
  return underTest(await stage.table())
})

const plans = [
  ['throttling', every(3, faults.throttle)],
  ['errors of the service', every(3, faults['an error of the service'])],
  ['requests that never arrive', every(3, faults['a cut before the request arrives'])],
  ['answers that never arrive', every(3, faults['a cut after the write'])],
  ['answers cut in half', every(3, faults['an answer that is cut in half'])],
  ['slow answers', every(40, faults['an answer after the time-out'])],
  ['batches done in part', every(1, unprocessed())],
] as const

describe.each(spread(plans, 3))('%s', (name, plan) => {
  rawStoreContract(`dynalite under ${name}`, async () => {
    const table = await stage.table(name === 'slow answers' ? 'hasty' : 'patient')
    stage.proxy.plan = plan
    return underTest(table)
  })
})

test('every plan of faults was met', () => {
  expect(stage.proxy.met()).toBeGreaterThan(30)
})

describe('pages beyond an item', () => {
  test('G1 lie in parts that are all there before their head, and come back byte for byte', async () => {
    const table = await calmTable()
    const large = await largePage(500_000)
    await new ItemRawStore({ table: rawItems(table), retentionDays: 30 }).put([large, await page('a.t', 9)])
    expect(await listed(new ItemRawStore({ table: rawItems(table), retentionDays: 30 }), 'a.t')).toEqual([
      large,
      await page('a.t', 9),
    ])
    const isHead = stage.images(table).map((image) => image['digest'] !== undefined)
    expect(isHead).toEqual([false, false, true, true])
  })

  test('G10 a put that a crash cut off before the head shows nothing, and is whole when it is repeated', async () => {
    const table = await calmTable()
    const store = new ItemRawStore({ table: rawItems(table), retentionDays: 30 })
    const large = await largePage(500_000)
    let batches = 0
    stage.proxy.plan = (exchange) =>
      operationOf(exchange) === 'BatchWriteItem' && ++batches > 1 ? faults.throttle : undefined
    await expect(store.put([large])).rejects.toMatchObject({ code: 'raw/unavailable' })
    stage.proxy.plan = () => undefined
    expect(await listed(store, 'a.t')).toEqual([])
    await store.put([large])
    expect(await listed(store, 'a.t')).toEqual([large])
    expect(stage.images(table)).toHaveLength(3)
  })

  test('G6 a part that is missing or another one is raw/corrupt, never a shorter page', async () => {
    const table = await calmTable()
    const store = new ItemRawStore({ table: rawItems(table), retentionDays: 30 })
    const large = await largePage(500_000)
    await store.put([large])
    const part = stage.images(table)[1]
    const [pk, sk] = [part?.['pk']?.['S'] ?? '', part?.['sk']?.['S'] ?? '']
    await rawItems(table).write([put({ pk, sk, content: Buffer.from('other') })])
    await expect(listed(store, 'a.t')).rejects.toMatchObject({ code: 'raw/corrupt' })
    await rawItems(table).write([remove(pk, sk)])
    await expect(listed(store, 'a.t')).rejects.toMatchObject({ code: 'raw/corrupt' })
  })
})

test('G3 an item holds nothing of its delivery: equal pages are equal items, to the time of expiry', async () => {
  const one = await page('a.t', 1, 3)
  const { shape } = rawItems(await calmTable())
  const item = pageItem(one, shape, 30)
  expect(item).toEqual(pageItem({ ...one, content: Buffer.from(one.content) }, shape, 30))
  expect(item['expires']).toBe(Date.parse('2024-01-31T00:00:00Z') / 1_000)
})

test('a page of nothing but rows of a load has no commit time, so it does not expire by itself', async () => {
  const changes = [
    {
      operation: 'load',
      position: loadPosition(1, 1n),
      committedAt: null,
      members: Buffer.from('"data":{}'),
    } as const,
  ]
  const [loaded] = await encodePages('a.t', { shard: 's', sequence: '1' }, changes)
  expect(loaded && expiryOf(loaded, 30)).toEqual({})
})

test('G1 puts more pages than a batch takes, and pages of a table lie in many partitions', async () => {
  const table = await calmTable()
  const store = new ItemRawStore({ table: rawItems(table), retentionDays: 30 })
  const pages = await Promise.all(Array.from({ length: 60 }, (_, at) => page('a.t', at + 1)))
  await store.put(pages)
  expect(await listed(store, 'a.t')).toEqual(pages)
  expect(new Set(stage.images(table).map(({ pk }) => pk?.['S'])).size).toBeGreaterThan(10)
})

test('the image of the stream is the page', async () => {
  const table = await calmTable()
  const store = new ItemRawStore({ table: rawItems(table), retentionDays: 30 })
  const one = await page('a.t', 1)
  await store.put([one])
  expect(await store.page(pageItem(one, rawItems(table).shape, 30))).toEqual(one)
  const [image = {}] = stage.images(table)
  expect(await store.page(itemOfImage(image))).toEqual(one)
  expect(() => store.page({ pk: 'other', sk: 'other' })).toThrow(PipelineError)
})

test('a store that throttles for ever is raw/unavailable, one that is not there aws/refused', async () => {
  const table = await calmTable()
  const one = await page('a.t', 1)
  stage.proxy.plan = every(1, faults.throttle)
  const throttled = new ItemRawStore({ table: rawItems(table), retentionDays: 30 }).put([one])
  await expect(throttled).rejects.toMatchObject({ code: 'raw/unavailable', action: 'retry' })
  stage.proxy.plan = every(1, unprocessedForEver)
  const stuck = new ItemRawStore({ table: rawItems(table), retentionDays: 30 }).put([one])
  await expect(stuck).rejects.toMatchObject({ code: 'raw/unavailable' })
  stage.proxy.plan = () => undefined
  const elsewhere = new ItemRawStore({ table: rawItems({ ...table, name: 'none' }), retentionDays: 30 })
  await expect(elsewhere.put([one])).rejects.toMatchObject({ code: 'aws/refused', action: 'halt' })
  await expect(listed(elsewhere, 'a.t')).rejects.toMatchObject({ code: 'aws/refused' })
})

const unprocessedForEver: Fault = async ({ body }) =>
  json({ UnprocessedItems: JSON.parse(body.toString()).RequestItems })

async function calmTable(): Promise<DynamoTable> {
  stage.proxy.plan = () => undefined
  return stage.table()
}

/** A page of one change whose text cannot be compressed. */
async function largePage(bytes: number): Promise<Page> {
  const text = createHash('shake256', { outputLength: bytes }).update('x').digest('base64')
  const position = nextStep(loadPosition(1, 256n))
  const members = Buffer.from(`"data":{"id":1,"text":"${text}"}`)
  const changes = [{ operation: 'insert', position, committedAt: '2024-01-01T00:00:00Z', members } as const]
  const [made] = await encodePages('a.t', { shard: 's', sequence: '1' }, changes)
  if (made === undefined) throw new Error('no page')
  return made
}

test('lists the heads of pages that begin in a range, without their content, by the index of the raw table', async () => {
  stage.proxy.plan = () => undefined
  const table = await stage.rawTable()
  const store = new ItemRawStore({ table: rawItems(table), retentionDays: 30 })
  const pages = await Promise.all([1, 2, 3, 4].map((at) => page('a.t', at, 3)))
  const [first, second, third] = pages
  await store.put([...pages.toReversed(), await page('a.u', 2)])
  const keysOf = async (range: { readonly from?: string; readonly to?: string }) => {
    const keys: string[] = []
    for await (const head of store.heads('a.t', range)) {
      expect(head.committedAt).toBe(Date.parse('2024-01-01T00:00:00Z'))
      keys.push(head.key)
    }
    return keys
  }
  expect(await keysOf({})).toEqual(pages.map(({ key }) => key))
  const range = { from: second?.firstPosition ?? '', to: third?.firstPosition ?? '' }
  expect(await keysOf(range)).toEqual([second?.key, third?.key])
  const item = await store.find(first?.key ?? '')
  expect(item === undefined ? undefined : await store.page(item)).toEqual(first)
  expect(await store.find('a.t#none')).toBeUndefined()
})

test('pages behind one come in the order of their keys, whole, and none that begin at its place is passed over', async () => {
  const table = await calmTable()
  const store = new ItemRawStore({ table: rawItems(table), retentionDays: 30 })
  const pages = [
    ...(await Promise.all([1, 2, 3, 4].map((at) => page('a.t', at, 3)))),
    await largePage(500_000),
  ]
  /* Of another shard: pages overlap. */
  const second = await page('a.t', 2, 3)
  const twin = { ...second, key: second.key.replace('#s#', '#z#') }
  await store.put([...pages.toReversed(), twin, await page('a.u', 2)])
  const wanted = [...pages, twin].sort((left, right) => (left.key < right.key ? -1 : 1))
  for (const at of [-1, ...wanted.keys()]) {
    const found: Page[] = []
    for await (const one of store.behind('a.t', wanted[at]?.key ?? null)) {
      expect(one.committedAt).toBe(Date.parse('2024-01-01T00:00:00Z'))
      found.push(one)
    }
    expect(found).toEqual(wanted.slice(at + 1))
  }
})
