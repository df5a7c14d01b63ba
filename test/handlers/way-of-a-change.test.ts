import { randomBytes } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { glueClient } from '../../aws/calls/clients.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables } from '../../schemas/index.ts'
import { every, type Fault, faults } from '../aws/fault-proxy.ts'
import { motoFixture, noMoto } from '../aws/moto-fixture.ts'
import { quickRetry, standInSettings } from '../aws/quick-settings.ts'
import { metricOf } from './built-handlers.ts'
import { createdNotice, kinesisEvent, queueEvent, streamEvent, testNotice } from './events.ts'
import { handlerFixture } from './handler-fixture.ts'
import { rowsOfLake } from './rows-of-lake.ts'
import { controlRecord, dmsRecord, shopRow } from './shop-records.ts'

const found = await motoFixture()
afterAll(() => found?.close())
const suite = found === undefined ? noMoto : 'moto'
const done = { answer: { batchItemFailures: [] } }

describe.skipIf(found === undefined)(suite, async () => {
  if (found === undefined) return test('needs python3 with moto.server', () => undefined)
  const moto = found
  const stage = await handlerFixture()
  const glue = glueClient(standInSettings(moto.proxy.endpoint))
  afterAll(async () => {
    glue.destroy()
    await stage.close()
  })
  beforeEach(() => {
    moto.proxy.plan = () => undefined
    stage.dynamo.proxy.plan = () => undefined
  })

  /* All three handlers, and the tables of the contracts in the catalog. */
  async function lakeUnderTest() {
    const bucket = { ...(await moto.bucket('sends once')), prefix: '' }
    const objects = new S3Objects(bucket)
    const prefix = `t${randomBytes(6).toString('hex')}_`
    const root = `s3://${bucket.bucket}`
    const shared = { client: glue, retry: quickRetry, domains: ['workforce'], root, prefix, objects }
    const catalog = new GlueCatalog(shared)
    await catalog.registerTables(tables.map(catalogTable))
    const pipeline = await stage.pipeline(objects)
    const { endpoint } = moto.proxy
    const [capture, format, land] = await Promise.all([
      pipeline.start('capture'),
      pipeline.start('format'),
      pipeline.start('land', {
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_ENDPOINT_URL_GLUE: endpoint,
        TIDEMARK_BUCKET: bucket.bucket,
        TIDEMARK_CATALOG_PREFIX: prefix,
      }),
    ])
    const audit = await pipeline.start('audit', {
      AWS_ENDPOINT_URL_S3: endpoint,
      TIDEMARK_BUCKET: bucket.bucket,
      TIDEMARK_SYSTEMS: 'workforce-postgres',
      TIDEMARK_OVERDUE_MINUTES: '15',
    })
    const landedKeys = () => objects.list('landing/changes/')
    const notices = async () => [createdNotice(bucket.bucket, await landedKeys())]
    return {
      ...pipeline,
      bucket: bucket.bucket,
      prefix,
      objects,
      catalog,
      capture,
      format,
      land,
      audit,
      landedKeys,
      notices,
    }
  }
  type Lake = Awaited<ReturnType<typeof lakeUnderTest>>

  const rowsOf = (lake: Lake, sql: string) => rowsOfLake(lake, sql)
  const current = 'SELECT shop_id, name, latitude, opened_on::VARCHAR FROM workforce.shops ORDER BY shop_id'
  const history = 'SELECT count(*)::INTEGER FROM workforce.shops_history'

  async function through({ capture, format, land, notices, raw }: Lake, records: readonly string[]) {
    expect(await capture.invoke(kinesisEvent(records))).toEqual(done)
    expect(await format.invoke(streamEvent(stage.dynamo.images(raw)))).toEqual(done)
    expect(await land.invoke(queueEvent(await notices()))).toEqual(done)
  }

  const inserts = Array.from({ length: 20 }, (_, id) =>
    dmsRecord('insert', id + 1, shopRow(id, `shop ${id}`)),
  )
  const records = [
    controlRecord('workforce', 'shops'),
    ...inserts,
    '{"data":',
    dmsRecord('update', 31, shopRow(3, 'renamed', { latitude: null })),
    dmsRecord('insert', 32, shopRow(99, 'refused', { country_code: 'FRANCE' })),
    dmsRecord('delete', 33, { shop_id: 4 }),
    controlRecord('', 'awsdms_apply_exceptions'),
  ]
  const expected = Array.from({ length: 20 }, (_, id) => [id, `shop ${id}`, 45.75, '2014-05-17'])
    .map((row) => (row[0] === 3 ? [3, 'renamed', null, '2014-05-17'] : row))
    .filter(([id]) => id !== 4)

  test('G1 G2 DMS records become Parquet in S3, partitions in Glue and equal rows; the bad ones wait', async () => {
    const lake = await lakeUnderTest()
    await through(lake, records)
    expect(await rowsOf(lake, current)).toEqual(expected)
    expect(await rowsOf(lake, history)).toEqual([[22]])
    expect((await lake.refusals()).toSorted()).toEqual([
      ['capture', 'capture/undecodable'],
      ['format', 'format/bad-value'],
    ])
    const shops = (await lake.catalog.entries()).filter(({ table }) => table.name === 'workforce.shops')
    expect(shops.flatMap(({ partitions }) => partitions)).toHaveLength(1)
    /* With the mark of the refused one. */
    expect(metricOf(lake.land.lines, 'rows')).toEqual({ 'workforce.shops': 23 })
    const freshness = lake.land.lines.find((line) => line['freshness'] !== undefined)
    expect(freshness).toMatchObject({ stage: 'land', requestId: expect.stringMatching('request-') })
    for (const { written } of [lake.capture, lake.format, lake.land])
      expect(written).not.toMatch(/renamed|shop \d|Lyon|FRANCE/)
  })

  test('G2 G8 a replay by the built land-load reads every page again, and the audit finds its files', async () => {
    const lake = await lakeUnderTest()
    await through(lake, records)
    const { endpoint } = moto.proxy
    const landLoad = await lake.start('land-load', {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_GLUE: endpoint,
      TIDEMARK_BUCKET: lake.bucket,
      TIDEMARK_CATALOG_PREFIX: lake.prefix,
      TIDEMARK_SCRATCH_MIB: '512',
    })
    const shops = tables.find(({ name }) => name === 'workforce.shops')
    if (shops === undefined) throw new Error('no shops')
    const contract = contractDigest(shops)
    const replay = { table: shops.name, version: shops.version, contract, isDryRun: false, after: null }
    expect(await landLoad.invoke({ replay }, 30_000)).toMatchObject({
      answer: { state: 'running', pages: 0 },
    })
    expect(await rowsOf(lake, history)).toEqual([[22]])
    expect(await landLoad.invoke({ replay }, 600_000)).toMatchObject({
      answer: { state: 'complete', revision: 1, changes: 23, rows: 22, refused: 1 },
    })
    expect(await rowsOf(lake, current)).toEqual(expected)
    expect(await rowsOf(lake, history)).toEqual([[44]])
    expect((await lake.refusals()).length).toBe(2)
    expect((await audited(lake)).findings).toEqual([])
    expect(landLoad.written).not.toMatch(/renamed|shop \d|Lyon|FRANCE/)
    expect(await landLoad.invoke({ replay: { ...replay, contract: 'another' } })).toMatchObject({
      error: expect.stringContaining('table/not-deployed'),
    })
  })

  /* What the built audit says of the shops, and the kinds and names of what it found. */
  async function audited({ audit }: Lake) {
    const { answer, error } = await audit.invoke({ whole: true })
    expect(error).toBeUndefined()
    const { balances, findings } = z
      .object({
        balances: z.array(z.looseObject({ contract: z.string().nullable() })),
        findings: z.array(z.looseObject({ kind: z.string(), name: z.string() })),
      })
      .parse(answer)
    const shops = balances.find(({ contract }) => contract === 'workforce.shops v1')
    return { shops, findings: findings.map(({ kind, name }) => [kind, name]) }
  }

  test('G1 the ledger balances at the end, and names the file that was dropped from the lake until it is back', async () => {
    const lake = await lakeUnderTest()
    await through(lake, records)
    const even = { captured: 23, landed: 22, quarantined: 1, inFlight: 0, missing: 0, balanced: true }
    const { shops, findings } = await audited(lake)
    expect({ ...shops, findings }).toMatchObject({ ...even, findings: [] })
    const [file = ''] = await lake.objects.list('lake/')
    await lake.objects.delete(file)
    expect((await audited(lake)).findings).toEqual([['file', file]])
    expect(metricOf(lake.audit.lines, 'findings')).toEqual({ '': 1 })
    const objects = await lake.landedKeys()
    const absent = 'landing/changes/2026/01/01/00/none.ndjson.gz'
    expect(await lake.land.invoke({ objects: [...objects, absent] })).toEqual({
      answer: { done: objects, absent: [absent], failed: [], left: [] },
    })
    expect(await audited(lake)).toMatchObject({ shops: even, findings: [] })
    expect(await rowsOf(lake, current)).toEqual(expected)
  })

  test('G1 a page that format never saw is named by the built audit, and comes back by name', async () => {
    const lake = await lakeUnderTest()
    expect(await lake.capture.invoke(kinesisEvent(inserts))).toEqual(done)
    const { shops, findings } = await audited(lake)
    expect(shops).toMatchObject({ captured: 20, missing: 20, balanced: false })
    const pages = findings.map(([, name]) => name)
    expect(await lake.format.invoke({ pages })).toMatchObject({ answer: { done: pages } })
    expect(await lake.land.invoke(queueEvent(await lake.notices()))).toEqual(done)
    expect((await audited(lake)).shops).toMatchObject({ captured: 20, landed: 20, balanced: true })
  })

  test('G3 every event twice changes no row, and no file but those of the second delivery', async () => {
    const lake = await lakeUnderTest()
    await through(lake, records)
    const files = await lake.objects.list('lake/')
    expect(await lake.land.invoke(queueEvent(await lake.notices()))).toEqual(done)
    expect(await lake.objects.list('lake/')).toEqual(files)
    await through(lake, records)
    expect((await lake.objects.list('lake/')).length).toBeGreaterThan(files.length)
    expect(await rowsOf(lake, current)).toEqual(expected)
    expect(await lake.refusals()).toHaveLength(2)
  })

  test('G1 everything arrives while DynamoDB, S3 and Glue throttle', async () => {
    const lake = await lakeUnderTest()
    const met = () => stage.dynamo.proxy.met() + moto.proxy.met()
    const before = met()
    stage.dynamo.proxy.plan = every(3, faults.throttle)
    moto.proxy.plan = every(4, faults.throttle)
    await through(lake, records)
    moto.proxy.plan = () => undefined
    expect(met()).toBeGreaterThan(before + 3)
    expect(await rowsOf(lake, current)).toEqual(expected)
  })

  test('G1 an object that is damaged is set aside whole, and its neighbour lands', async () => {
    const lake = await lakeUnderTest()
    const damaged = 'landing/changes/2026/11/23/10/changes-1-2026-11-23-10-00-00-damaged.ndjson.gz'
    await lake.objects.put(damaged, Buffer.from('not gzip'))
    await through(lake, records)
    expect(await rowsOf(lake, current)).toEqual(expected)
    expect((await lake.objects.get(damaged.replace('changes/', 'rejected/'))).toString()).toBe('not gzip')
    expect(await lake.refusals()).toContainEqual(['landing', 'landing/corrupt'])
    expect(metricOf(lake.land.lines, 'refused')).toEqual({ '': 1 })
  })

  test('passes over load files and what is not ours, reports what it cannot read', async () => {
    const lake = await lakeUnderTest()
    const load = 'landing/loads/l=20/workforce/shops=2e/LOAD00000001.parquet'
    const bodies = [
      createdNotice(lake.bucket, [load, 'landing/changes/a name.txt']),
      createdNotice('another', ['landing/changes/2026/11/23/10/a.ndjson.gz']),
      createdNotice(lake.bucket, ['landing/changes/2026/11/23/10/a.ndjson.gz'], 'ObjectRemoved:Delete'),
      testNotice,
      'no JSON',
      createdNotice(lake.bucket, ['landing/changes/2026/11/23/10/missing.ndjson.gz']),
    ]
    const failed = ['message-4', 'message-5'].map((itemIdentifier) => ({ itemIdentifier }))
    expect(await lake.land.invoke(queueEvent(bodies))).toEqual({ answer: { batchItemFailures: failed } })
    expect(metricOf(lake.land.lines, 'unhandled')).toEqual({ '': 3 })
    expect(lake.land.lines).toContainEqual(
      expect.objectContaining({ code: 'objects/missing', message: expect.any(String) }),
    )
  })

  test('a deadline between two messages reports those that were not begun', async () => {
    const lake = await lakeUnderTest()
    expect(await lake.capture.invoke(kinesisEvent(inserts))).toEqual(done)
    expect(await lake.format.invoke(streamEvent(stage.dynamo.images(lake.raw)))).toEqual(done)
    const [notice = ''] = await lake.notices()
    const expire: Fault = async (exchange, forward) => {
      const answer = await forward(exchange)
      await lake.land.setRemaining(0)
      return answer
    }
    /* The last thing that landing an object does. */
    stage.dynamo.proxy.plan = ({ body }) => (body.includes('"landed#') ? expire : undefined)
    const failed = ['message-1', 'message-2'].map((itemIdentifier) => ({ itemIdentifier }))
    expect(await lake.land.invoke(queueEvent([notice, notice, notice]))).toEqual({
      answer: { batchItemFailures: failed },
    })
    expect(await rowsOf(lake, history)).toEqual([[20]])
  })
})
