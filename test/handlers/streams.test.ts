import { statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tables } from '../../schemas/index.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { every, type Fault, faults, operationOf } from '../aws/fault-proxy.ts'
import { landedText } from '../ports/delivery.contract.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { metricOf } from './built-handlers.ts'
import { expiryEvent, kinesisEvent, kinesisSequence, streamEvent, streamSequence } from './events.ts'
import { handlerFixture } from './handler-fixture.ts'
import { controlRecord, dmsRecord, shopRow } from './shop-records.ts'

const stage = await handlerFixture()
afterAll(() => stage.close())
beforeEach(() => {
  stage.dynamo.proxy.plan = () => undefined
})

async function under(name: string) {
  const objects = new FolderObjects(await tempFolder())
  const pipeline = await stage.pipeline(objects)
  return { ...pipeline, objects, handler: await pipeline.start(name) }
}

async function storedChanges({ raw }: Pick<Awaited<ReturnType<typeof under>>, 'raw'>): Promise<number> {
  let changes = 0
  for await (const page of new ItemRawStore({ table: rawItems(raw), retentionDays: 30 }).list(
    'workforce.shops',
  ))
    changes += page.changes
  return changes
}

const done = { answer: { batchItemFailures: [] } }
const failedAt = (itemIdentifier: string) => ({ answer: { batchItemFailures: [{ itemIdentifier }] } })

/* Four of them are more than capture takes at once. */
const large = (at: number) => dmsRecord('insert', at, shopRow(at, 'x'.repeat(900_000)))

test.each([
  'capture',
  'capture-service',
  'format',
  'land',
  'land-load',
  'loads',
  'compact',
  'reconcile',
  'audit',
])('the bundle of %s is at most 1.5 MB', (name) => {
  expect(statSync(join(stage.built.folder, name, 'index.mjs')).size).toBeLessThanOrEqual(1_500_000)
})

test('a function whose settings are missing or wrong does not start, and names each of them', async () => {
  const environment = { TIDEMARK_RAW_TABLE: 'r', TIDEMARK_RAW_DAYS: '-31', TIDEMARK_EPOCH: '70000' }
  const error = await stage.built.start('capture', environment).catch(String)
  for (const name of ['QUARANTINE_TABLE is missing', 'RAW_DAYS is no', 'EPOCH is larger'])
    expect(error).toContain(`TIDEMARK_${name}`)
  expect(error).not.toContain('-31')
})

test.each(['format', 'land', 'land-load', 'loads'])(
  '%s, which rows pass, says which contracts it was deployed with',
  async (name) => {
    const pipeline = await stage.pipeline(new FolderObjects(await tempFolder()))
    const handler = await pipeline.start(name, {
      TIDEMARK_BUCKET: 'lake',
      TIDEMARK_CATALOG_PREFIX: '',
      TIDEMARK_LOAD_TASK: 'arn:task',
      TIDEMARK_LOAD_ENDPOINT: 'arn:endpoint',
    })
    expect(await handler.invoke({ contracts: true })).toEqual({
      answer: { contracts: contractDigests(tables) },
    })
  },
)

describe('capture', () => {
  test('G1 keeps a bad record whole in quarantine and stores its neighbours', async () => {
    const at = await under('capture')
    const records = [
      dmsRecord('insert', 1, shopRow(1, 'one')),
      '{"data":{"name":"Secret"',
      dmsRecord('load', 2, shopRow(2, 'two')),
      controlRecord('workforce', 'shops'),
      controlRecord('', 'awsdms_apply_exceptions'),
      dmsRecord('update', 3, shopRow(1, 'uno')),
    ]
    expect(await at.handler.invoke(kinesisEvent(records))).toEqual(done)
    expect(await storedChanges(at)).toBe(2)
    expect(await at.refusals()).toEqual([
      ['capture', 'capture/undecodable'],
      ['capture', 'capture/no-load'],
    ])
    const { lines, written } = at.handler
    expect(metricOf(lines, 'changes')).toEqual({ 'workforce.shops': 2 })
    expect(metricOf(lines, 'quarantined')).toEqual({ '': 2 })
    expect(metricOf(lines, 'records')).toEqual({ '': 6 })
    expect(
      lines.find(({ _aws, table }) => _aws !== undefined && table === 'workforce.shops')?.['freshness'],
    ).toHaveLength(2)
    /* G7 */
    expect(written).not.toMatch(/Secret|Lyon|uno/)
  })

  test('G3 stores nothing new of the same event, and its stream says nothing', async () => {
    const at = await under('capture')
    const event = kinesisEvent([1, 2, 3].map((id) => dmsRecord('insert', id, shopRow(id, 'n'))))
    expect(await at.handler.invoke(event)).toEqual(done)
    expect(await at.handler.invoke(event)).toEqual(done)
    expect(await storedChanges(at)).toBe(3)
    expect(stage.dynamo.images(at.raw)).toHaveLength(1)
  })

  test('G1 stores everything under a table that throttles, without a report', async () => {
    const at = await under('capture')
    const before = stage.dynamo.proxy.met()
    stage.dynamo.proxy.plan = every(2, faults.throttle)
    const event = kinesisEvent(['{', ...[1, 2, 3].map((id) => dmsRecord('insert', id, shopRow(id, 'n')))])
    expect(await at.handler.invoke(event)).toEqual(done)
    stage.dynamo.proxy.plan = () => undefined
    expect(stage.dynamo.proxy.met()).toBeGreaterThan(before)
    expect(await storedChanges(at)).toBe(3)
  })

  test('a table that throttles until time is over reports the lowest sequence that is not stored', async () => {
    const at = await under('capture')
    stage.dynamo.proxy.plan = every(1, faults.throttle)
    const event = kinesisEvent([1, 2, 3].map((id) => dmsRecord('insert', id, shopRow(id, 'n'))))
    expect(await at.handler.invoke(event, 2_300)).toEqual(failedAt(kinesisSequence(0)))
    expect(at.handler.lines).toContainEqual(
      expect.objectContaining({ code: 'raw/unavailable', action: 'retry' }),
    )
    expect(metricOf(at.handler.lines, 'failures')).toEqual({ '': 1 })
  })

  test('a deadline in the middle keeps what is stored and reports the rest, which the next call stores', async () => {
    const at = await under('capture')
    const records = [1, 2, 3, 4].map(large)
    const expire: Fault = async (exchange, forward) => {
      const answer = await forward(exchange)
      await at.handler.setRemaining(0)
      return answer
    }
    stage.dynamo.proxy.plan = (exchange) => (operationOf(exchange) === 'BatchWriteItem' ? expire : undefined)
    expect(await at.handler.invoke(kinesisEvent(records))).toEqual(failedAt(kinesisSequence(3)))
    stage.dynamo.proxy.plan = () => undefined
    expect(await storedChanges(at)).toBe(3)
    expect(await at.handler.invoke(kinesisEvent(records.slice(3), 3))).toEqual(done)
    expect(await storedChanges(at)).toBe(4)
  })

  test('an event that began after its deadline reports its first record', async () => {
    const at = await under('capture')
    const event = kinesisEvent([dmsRecord('insert', 1, shopRow(1, 'n'))], 7)
    expect(await at.handler.invoke(event, 1_000)).toEqual(failedAt(kinesisSequence(7)))
    expect(await storedChanges(at)).toBe(0)
  })

  test('an event that is not of Kinesis fails as a whole', async () => {
    const { handler } = await under('capture')
    const [record] = kinesisEvent(['{}']).Records
    const unnamed = { ...record, kinesis: { ...record?.kinesis, sequenceNumber: '' } }
    expect(await handler.invoke({ Records: [unnamed] })).toEqual({ error: expect.stringMatching('ZodError') })
  })
})

describe('format', () => {
  /* Pages as the raw table's stream shows them, one for each list of records. */
  async function imagesOf(at: Awaited<ReturnType<typeof under>>, ...batches: readonly (readonly string[])[]) {
    const capture = await at.start('capture')
    for (const [index, records] of batches.entries())
      expect(await capture.invoke(kinesisEvent(records, index * 1_000))).toEqual(done)
    return stage.dynamo.images(at.raw)
  }
  const insert = (id: number, more: object = {}) => dmsRecord('insert', id, shopRow(id, `shop ${id}`, more))

  test('G1 delivers good rows and keeps a bad one, and one of no contract, in quarantine', async () => {
    const at = await under('format')
    const nobody = dmsRecord('insert', 4, { id: 4 }, 'nothing')
    const images = await imagesOf(at, [insert(1), insert(2, { country_code: 'FRANCE' }), insert(3)], [nobody])
    expect(await at.handler.invoke(streamEvent(images))).toEqual(done)
    const landed = await landedText(at.objects)
    expect(landed).toContain('shop 1')
    expect(landed).toContain('shop 3')
    expect(landed).not.toContain('shop 2')
    expect((await at.refusals()).toSorted()).toEqual([
      ['format', 'format/bad-value'],
      ['format', 'format/no-contract'],
    ])
    const { lines, written } = at.handler
    expect(metricOf(lines, 'changes')).toEqual({ 'workforce.shops': 3, 'workforce.nothing': 1 })
    expect(metricOf(lines, 'refused')).toEqual({ 'workforce.shops': 1, 'workforce.nothing': 1 })
    expect(written).not.toMatch(/shop \d|FRANCE/)
  })

  test('leaves removals by TTL and parts of pages alone, and reads the parts of a page from the table', async () => {
    const at = await under('format')
    /* Random text does not compress, so the page needs parts. */
    const noise = Array.from({ length: 60_000 }, () => Math.random().toString(36).slice(2)).join('')
    const images = await imagesOf(at, [insert(1, { name: noise })])
    expect(images.length).toBeGreaterThan(1)
    expect(await at.handler.invoke(expiryEvent(images))).toEqual(done)
    expect(await at.handler.invoke(streamEvent(images.filter(({ digest }) => digest === undefined)))).toEqual(
      done,
    )
    expect(await landedText(at.objects)).toBe('')
    expect(await at.handler.invoke(streamEvent(images))).toEqual(done)
    expect(await landedText(at.objects)).toContain(noise)
  })

  test('small pages of one event share a Firehose record', async () => {
    const at = await under('format')
    const images = await imagesOf(at, [insert(1)], [insert(2)], [insert(3)])
    expect(await at.handler.invoke(streamEvent(images))).toEqual(done)
    expect(at.calls.map(({ length }) => length)).toEqual([1])
  })

  test('a page that is damaged stops the shard at its sequence, and those before it are delivered', async () => {
    const at = await under('format')
    const images = await imagesOf(at, [insert(1)], [insert(2)], [insert(3)])
    const damaged = images.map((image, index) =>
      index === 1 ? { ...image, digest: { S: '0'.repeat(16) } } : image,
    )
    expect(await at.handler.invoke(streamEvent(damaged))).toEqual(failedAt(streamSequence(1)))
    const landed = await landedText(at.objects)
    expect(landed).toContain('shop 1')
    expect(landed).not.toContain('shop 3')
    expect(at.handler.lines).toContainEqual(
      expect.objectContaining({ code: 'raw/corrupt', sequence: streamSequence(1) }),
    )
    expect(await at.handler.invoke(streamEvent(images.slice(1)))).toEqual(done)
    expect(await landedText(at.objects)).toContain('shop 3')
  })
})

test('G1 G3 items of a microservice go through capture-service and format, redelivered ones change nothing', async () => {
  const objects = new FolderObjects(await tempFolder())
  const pipeline = await stage.pipeline(objects)
  const names = { TIDEMARK_SERVICE_TABLES: '{"shops-of-service":"workforce.shops"}' }
  const [capture, format] = await Promise.all([
    pipeline.start('capture-service', names),
    pipeline.start('format'),
  ])
  const itemOf = (id: number, name: string) => ({
    shop_id: { N: String(id) },
    code: { S: `S-${id}` },
    name: { S: name },
    country_code: { S: 'FR' },
    opened_on: { S: '2014-05-17' },
    is_open: { BOOL: true },
    updated_at: { S: '2026-11-23T09:59:58.000001Z' },
  })
  const record = (eventName: string, at: number, images: object) => ({
    eventID: String(at),
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-west-1',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_000_000,
      Keys: { shop_id: { N: '1' } },
      SizeBytes: 99,
      SequenceNumber: `11110000000000000000${at}`,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      ...images,
    },
    eventSourceARN:
      'arn:aws:dynamodb:eu-west-1:123456789012:table/shops-of-service/stream/2026-11-01T00:00:00.000',
  })
  const Records = [
    record('INSERT', 1, { NewImage: itemOf(1, 'one') }),
    record('MODIFY', 2, { OldImage: itemOf(1, 'one'), NewImage: itemOf(1, 'renamed') }),
    record('MODIFY', 3, { OldImage: itemOf(1, 'without the new image') }),
    record('REMOVE', 4, { OldImage: itemOf(1, 'renamed') }),
  ]
  expect(await capture.invoke({ Records })).toEqual({ answer: { batchItemFailures: [] } })
  expect(await capture.invoke({ Records })).toEqual({ answer: { batchItemFailures: [] } })
  const images = stage.dynamo.images(pipeline.raw)
  expect(images).toHaveLength(1)
  expect(await format.invoke(streamEvent(images))).toEqual({ answer: { batchItemFailures: [] } })
  expect(await pipeline.refusals()).toEqual([['capture', 'capture/undecodable']])
  const [delivered = ''] = await objects.list('landing/')
  const lines = gunzipSync(await objects.get(delivered))
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
  expect(lines.map((line) => JSON.parse(line)[0])).toEqual(['insert', 'update', 'delete'])
  const foreign = { ...Records[0], eventSourceARN: 'arn:aws:dynamodb:eu-west-1:1:table/other/stream/x' }
  const { answer } = await capture.invoke({ Records: [foreign] })
  expect(answer).toMatchObject({ batchItemFailures: [{ itemIdentifier: '111100000000000000001' }] })
  expect(capture.written).toContain('settings/invalid')
  expect(capture.written + format.written).not.toMatch(/renamed|new image/)
})
