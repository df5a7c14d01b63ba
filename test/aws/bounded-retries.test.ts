import { expect, onTestFinished, test } from 'vitest'
import { dynamoClient, firehoseClient } from '../../aws/calls/clients.ts'
import type { RetryPolicy } from '../../aws/calls/retry.ts'
import { writeBatches } from '../../aws/dynamo/dynamo-table.ts'
import { FirehoseDelivery } from '../../aws/firehose/firehose-delivery.ts'
import { block } from '../ports/delivery.contract.ts'
import { json } from './fake-partial-faults.ts'
import { type Exchange, faultProxy } from './fault-proxy.ts'
import { standInSettings } from './quick-settings.ts'

const ATTEMPTS = 3
/* The deadline is out of reach: only the attempts bound a call. */
const retry: RetryPolicy = { attempts: ATTEMPTS, baseMs: 1, capMs: 1, deadlineMs: 60_000, random: () => 0 }
const ITEMS = 20
const RECORDS = 6
/* From then on the service takes all: a call without a bound ends well, and that is wrong. */
const PATIENCE = 40

/* A service that takes the first `taken` of what a call brings, and keeps the sizes of the calls. */
async function service(answer: (exchange: Exchange, taken: number) => unknown, taken: number) {
  const sizes: number[] = []
  const proxy = await faultProxy(async (exchange) => {
    const body: { RequestItems?: Record<string, unknown[]>; Records?: unknown[] } = JSON.parse(
      exchange.body.toString(),
    )
    sizes.push((body.Records ?? body.RequestItems?.['t'] ?? []).length)
    return json(answer(exchange, sizes.length > PATIENCE ? ITEMS : taken))
  })
  onTestFinished(() => proxy.close())
  return { sizes, settings: standInSettings(proxy.endpoint) }
}

async function writeItems(taken: number) {
  const { sizes, settings } = await service(({ body }, count) => {
    const { RequestItems }: { RequestItems: { t: unknown[] } } = JSON.parse(body.toString())
    return { UnprocessedItems: { t: RequestItems.t.slice(count) } }
  }, taken)
  const client = dynamoClient(settings)
  onTestFinished(() => client.destroy())
  const items = Array.from({ length: ITEMS }, (_, index) => ({
    PutRequest: { Item: { pk: { S: 'p' }, sk: { S: `${index}` } } },
  }))
  const call = { code: 'raw/unavailable', what: 'the table' } as const
  return { sizes, done: writeBatches({ client, name: 't', retry }, call, items) }
}

async function putRecords(taken: number) {
  const { sizes, settings } = await service(({ body }, count) => {
    const { Records }: { Records: unknown[] } = JSON.parse(body.toString())
    return {
      FailedPutCount: Math.max(0, Records.length - count),
      RequestResponses: Records.map((_, index) =>
        index < count ? { RecordId: `r${index}` } : { ErrorCode: 'ServiceUnavailableException' },
      ),
    }
  }, taken)
  const client = firehoseClient(settings)
  onTestFinished(() => client.destroy())
  const delivery = new FirehoseDelivery({ client, stream: 's', retry })
  /* No two of them fit into a record. */
  const blocks = Array.from({ length: RECORDS }, (_, index) => block(`b${index}`, 600_000))
  return { sizes, done: delivery.put(blocks) }
}

test('G1 a batch of which DynamoDB does nothing is given up after so many attempts, and says so', async () => {
  const { sizes, done } = await writeItems(0)
  await expect(done).rejects.toMatchObject({ code: 'raw/unavailable' })
  expect(sizes).toEqual(Array.from({ length: ATTEMPTS }, () => ITEMS))
})

test('a batch of which DynamoDB does one at a time gets done, in more attempts than one without progress has', async () => {
  const { sizes, done } = await writeItems(1)
  await done
  expect(sizes).toEqual(Array.from({ length: ITEMS }, (_, index) => ITEMS - index))
})

test('G1 a call of which Firehose takes no record is given up after so many attempts, and says so', async () => {
  const { sizes, done } = await putRecords(0)
  await expect(done).rejects.toMatchObject({ code: 'delivery/unavailable' })
  expect(sizes).toEqual(Array.from({ length: ATTEMPTS }, () => RECORDS))
})

test('a call of which Firehose takes one record at a time gets done', async () => {
  const { sizes, done } = await putRecords(1)
  await done
  expect(sizes).toEqual(Array.from({ length: RECORDS }, (_, index) => RECORDS - index))
})
