import { randomBytes } from 'node:crypto'
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { glueClient } from '../../aws/calls/clients.ts'
import { ledgerItems } from '../../aws/dynamo/dynamo-items.ts'
import { planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables } from '../../schemas/index.ts'
import { Lease } from '../../state/lease.ts'
import { withVersionCheck } from '../aws/fake-glue-faults.ts'
import { type FaultPlan, faults } from '../aws/fault-proxy.ts'
import { motoFixture, noMoto } from '../aws/moto-fixture.ts'
import { quickRetry, standInSettings } from '../aws/quick-settings.ts'
import { viewSql } from '../aws/view-sql.ts'
import { metricOf } from './built-handlers.ts'
import { createdNotice, kinesisEvent, queueEvent, streamEvent } from './events.ts'
import { handlerFixture } from './handler-fixture.ts'
import { rowsOfLake } from './rows-of-lake.ts'
import { dmsRecord, shopRow } from './shop-records.ts'

const found = await motoFixture()
afterAll(() => found?.close())
const suite = found === undefined ? noMoto : 'moto'
const LOCK = 'compact#workforce.shops v1'
const done = { answer: { batchItemFailures: [] } }
const shops = tables.filter(({ name }) => name === 'workforce.shops').map(catalogTable)

describe.skipIf(found === undefined)(suite, async () => {
  if (found === undefined) return test('needs python3 with moto.server', () => undefined)
  const moto = found
  const stage = await handlerFixture()
  const glue = glueClient(standInSettings(moto.proxy.endpoint))
  afterAll(async () => {
    glue.destroy()
    await stage.close()
  })
  const plain = withVersionCheck(() => undefined)
  beforeEach(() => {
    moto.proxy.plan = plain
  })

  async function lakeUnderTest() {
    const bucket = { ...(await moto.bucket('sends once')), prefix: '' }
    const objects = new S3Objects(bucket)
    const prefix = `k${randomBytes(6).toString('hex')}_`
    const root = `s3://${bucket.bucket}`
    const shared = { client: glue, retry: quickRetry, root, prefix, objects }
    const settings = { ...shared, glue: glueTables(shared) }
    await (await planDefinitions(settings, shops)).apply(false)
    const catalog = new GlueCatalog({ ...shared, domains: ['workforce'] })
    const pipeline = await stage.pipeline(objects)
    const { endpoint } = moto.proxy
    const environment = {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_GLUE: endpoint,
      TIDEMARK_BUCKET: bucket.bucket,
      TIDEMARK_CATALOG_PREFIX: prefix,
    }
    const [capture, format, land, compact] = await Promise.all([
      pipeline.start('capture'),
      pipeline.start('format'),
      pipeline.start('land', environment),
      pipeline.start('compact', environment),
    ])
    const through = async (records: readonly string[], first: number) => {
      const before = new Set(await objects.list('landing/changes/'))
      expect(await capture.invoke(kinesisEvent(records, first))).toEqual(done)
      expect(await format.invoke(streamEvent(stage.dynamo.images(pipeline.raw)))).toEqual(done)
      const keys = (await objects.list('landing/changes/')).filter((key) => !before.has(key))
      expect(await land.invoke(queueEvent([createdNotice(bucket.bucket, keys)]))).toEqual(done)
    }
    const lake = {
      objects,
      catalog,
      settings,
      compact,
      through,
      ledger: pipeline.ledger,
      restart: async () => {
        lake.compact = await pipeline.start('compact', environment)
      },
      forgetLeases: async () => {
        const Key = { pk: { S: `lease#${LOCK}` }, sk: { S: 'lease' } }
        const { client, name: TableName } = pipeline.ledger
        await client.send(new DeleteItemCommand({ TableName, Key }))
      },
    }
    return lake
  }
  type Lake = Awaited<ReturnType<typeof lakeUnderTest>>

  const rowsOf = (lake: Lake) =>
    rowsOfLake(lake, 'SELECT shop_id, name FROM workforce.shops ORDER BY shop_id')

  const inserts = Array.from({ length: 12 }, (_, id) =>
    dmsRecord('insert', id + 1, shopRow(id, `shop ${id}`)),
  )
  const later = [dmsRecord('update', 31, shopRow(3, 'renamed')), dmsRecord('delete', 33, { shop_id: 4 })]
  const expected = Array.from({ length: 12 }, (_, id) => [id, id === 3 ? 'renamed' : `shop ${id}`]).filter(
    ([id]) => id !== 4,
  )

  test('G2 G8 folds history into base, whose tables the view reads, and nothing that is new is nothing to do', async () => {
    const lake = await lakeUnderTest()
    await lake.through(inserts, 0)
    const { answer } = await lake.compact.invoke({}, 120_000)
    expect(answer).toMatchObject({
      done: [{ table: 'workforce.shops', state: 'published', build: 1, rows: 12 }],
      busy: [],
      failed: [],
      left: [],
    })
    expect(await viewSql(lake.settings)).toContain('shops_v1_base_000001')
    await lake.through(later, inserts.length)
    const again = await lake.compact.invoke({ table: 'workforce.shops' }, 120_000)
    expect(again.answer).toMatchObject({ done: [{ state: 'published', build: 2, rows: 11, dead: 1 }] })
    expect(await viewSql(lake.settings)).toContain('shops_v1_base_000002')
    expect(await rowsOf(lake)).toEqual(expected)
    const third = await lake.compact.invoke({}, 120_000)
    expect(third.answer).toMatchObject({ done: [{ state: 'nothing new', build: 2 }] })
    expect(metricOf(lake.compact.lines, 'partsWritten')).toEqual({ 'workforce.shops': 2 })
    expect(lake.compact.written).not.toMatch(/renamed|shop \d|Lyon/)
    expect(await lake.compact.invoke({ table: 'workforce.nothing' })).toMatchObject({
      error: expect.stringContaining('usage/invalid'),
    })
  })

  test('G8 G10 killed at any call to S3 or Glue, the rows stay the same, and the next call ends it', async () => {
    const lake = await lakeUnderTest()
    await lake.through([...inserts, ...later], 0)
    let kills = 0
    for (let at = 1; ; at += 6) {
      let calls = 0
      const kill: FaultPlan = () => {
        calls += 1
        if (calls !== at) return undefined
        lake.compact.stop()
        return faults[at % 4 === 1 ? 'a cut before the request arrives' : 'a cut after the write']
      }
      moto.proxy.plan = withVersionCheck(kill)
      const ended = await lake.compact.invoke({}, 120_000).catch(() => undefined)
      moto.proxy.plan = plain
      expect(await rowsOf(lake)).toEqual(expected)
      if (ended !== undefined) break
      kills += 1
      /* Sixteen minutes later. */
      await lake.forgetLeases()
      await lake.restart()
    }
    expect(kills).toBeGreaterThan(3)
    await lake.compact.invoke({}, 120_000)
    expect(await rowsOf(lake)).toEqual(expected)
    expect((await lake.catalog.entries())[0]?.base?.rows).toBe(11)
    expect((await planDefinitions(lake.settings, shops)).changes).toEqual([])
  })

  test('a table that another call compacts is left to it', async () => {
    const lake = await lakeUnderTest()
    await lake.through(inserts, 0)
    await new Lease({ table: ledgerItems(lake.ledger), owner: 'another', now: Date.now }).take(LOCK, 60_000)
    const { answer } = await lake.compact.invoke({}, 120_000)
    expect(answer).toEqual({ done: [], busy: ['workforce.shops v1'], failed: [], left: [] })
  })

  test('begins nothing when no time is left, and says so', async () => {
    const lake = await lakeUnderTest()
    await lake.through(inserts, 0)
    const { answer } = await lake.compact.invoke({}, 31_000)
    expect(answer).toEqual({ done: [], busy: [], failed: [], left: ['workforce.shops v1'] })
  })
})
