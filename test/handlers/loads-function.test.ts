import { randomBytes } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { glueClient } from '../../aws/calls/clients.ts'
import { planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables } from '../../schemas/index.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { FakeDms } from '../aws/fake-dms.ts'
import { withVersionCheck } from '../aws/fake-glue-faults.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { motoFixture, noMoto } from '../aws/moto-fixture.ts'
import { quickRetry, standInSettings } from '../aws/quick-settings.ts'
import { viewSql } from '../aws/view-sql.ts'
import type { Invoked } from './built-handlers.ts'
import { createdNotice, kinesisEvent, queueEvent, streamEvent } from './events.ts'
import { handlerFixture } from './handler-fixture.ts'
import { rowsOfLake } from './rows-of-lake.ts'
import { shopFile } from './shop-file.ts'
import { dmsRecord, shopRow } from './shop-records.ts'

const found = await motoFixture()
afterAll(() => found?.close())
const suite = found === undefined ? noMoto : 'moto'
const done = { answer: { batchItemFailures: [] } }
const shops = tables.filter(({ name }) => name === 'workforce.shops').map(catalogTable)
const START = { start: { tables: ['workforce.sh*ps'], window: null } }

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
    moto.proxy.plan = withVersionCheck(() => undefined)
  })

  async function lakeUnderTest() {
    const bucket = { ...(await moto.bucket('sends once')), prefix: '' }
    const objects = new S3Objects(bucket)
    const prefix = `l${randomBytes(6).toString('hex')}_`
    const shared = { client: glue, retry: quickRetry, root: `s3://${bucket.bucket}`, prefix, objects }
    const settings = { ...shared, glue: glueTables(shared) }
    await (await planDefinitions(settings, shops)).apply(false)
    const catalog = new GlueCatalog({ ...shared, domains: ['workforce'] })
    const pipeline = await stage.pipeline(objects)
    const dms = new FakeDms()
    const proxy = await faultProxy(async (exchange) => dms.answer(exchange))
    afterAll(() => proxy.close())
    const { endpoint } = moto.proxy
    const environment = {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_GLUE: endpoint,
      TIDEMARK_BUCKET: bucket.bucket,
      TIDEMARK_CATALOG_PREFIX: prefix,
      AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE: proxy.endpoint,
      TIDEMARK_SYSTEMS: 'workforce-postgres',
      TIDEMARK_LOAD_TASK: 'arn:task',
      TIDEMARK_LOAD_ENDPOINT: 'arn:endpoint',
    }
    const [capture, format, land, landLoad, loads] = await Promise.all([
      pipeline.start('capture'),
      pipeline.start('format'),
      pipeline.start('land', environment),
      pipeline.start('land-load', environment),
      pipeline.start('loads', environment),
    ])
    let first = 0
    const changes = async (...records: readonly string[]) => {
      const before = new Set(await objects.list('landing/changes/'))
      expect(await capture.invoke(kinesisEvent(records, first))).toEqual(done)
      first += records.length
      expect(await format.invoke(streamEvent(stage.dynamo.images(pipeline.raw)))).toEqual(done)
      const keys = (await objects.list('landing/changes/')).filter((key) => !before.has(key))
      expect(await land.invoke(queueEvent([createdNotice(bucket.bucket, keys)]))).toEqual(done)
    }
    const put = async (key: string, content: Buffer) => {
      await objects.put(key, content)
      return createdNotice(bucket.bucket, [key])
    }
    return { ...pipeline, objects, catalog, settings, dms, changes, landLoad, loads, put }
  }
  type Lake = Awaited<ReturnType<typeof lakeUnderTest>>

  const NAMES = 'SELECT shop_id, name FROM workforce.shops ORDER BY shop_id'
  const rows = ({ objects, catalog }: Lake) => rowsOfLake({ objects, catalog }, NAMES)
  const loadOf = ({ answer, error }: Invoked) => {
    expect(error).toBeUndefined()
    return (answer as { loads: readonly { id: string; tables: readonly Record<string, unknown>[] }[] })
      .loads[0]
  }

  test('G2 G3 a load brings rows that the changes never had, takes away those that are gone, and the view follows', async () => {
    const lake = await lakeUnderTest()
    /* Shop 4 was deleted while nobody watched; the lake does not know. */
    await lake.changes(...[3, 4].map((id) => dmsRecord('insert', id, shopRow(id, `shop ${id}`))))
    const load = loadOf(await lake.loads.invoke(START))
    expect(load?.tables).toMatchObject([{ table: 'workforce.shops', state: 'loading' }])
    expect(lake.dms.selected()).toEqual(['workforce.shops'])
    /* While it is read: one is changed, one is deleted and was read before. */
    const folder = `landing/loads/${load?.id}/workforce/shops`
    const files = [
      await lake.put(
        `${folder}/LOAD00000001.parquet`,
        shopFile([
          { id: 1, name: 'one' },
          { id: 2, name: 'two' },
          { id: 3, name: 'shop 3' },
        ]),
      ),
      await lake.put(
        `${folder}/LOAD0000000A.parquet`,
        shopFile([
          { id: 5, name: 'five' },
          { id: 6, name: 'six', country: 'FRANCE' },
        ]),
      ),
    ]
    await lake.changes(
      dmsRecord('update', 31, shopRow(2, 'two, renamed')),
      dmsRecord('delete', 32, { shop_id: 5 }),
    )
    expect(await lake.landLoad.invoke(queueEvent(files))).toEqual(done)
    expect(await lake.landLoad.invoke(queueEvent(files))).toEqual(done)
    const reading = loadOf(await lake.loads.invoke({}))
    expect(reading?.tables).toMatchObject([{ state: 'loading' }])
    expect(await rows(lake)).toContainEqual([4, 'shop 4'])
    lake.dms.finish({ 'workforce.shops': { state: 'Table completed', rows: 5 } })
    const complete = loadOf(await lake.loads.invoke({}))
    expect(complete?.tables).toMatchObject([{ state: 'complete', rows: 5, files: [] }])
    const [kept] = await new LoadDocuments(new ObjectDocuments(lake.objects)).all()
    expect(kept?.tables).toMatchObject([{ files: [{ rows: 3 }, { rows: 2 }] }])
    const position = String(complete?.tables[0]?.['position'])
    expect(await viewSql(lake.settings)).toContain(position)
    expect(await rows(lake)).toEqual([
      [1, 'one'],
      [2, 'two, renamed'],
      [3, 'shop 3'],
    ])
    expect(await lake.refusals()).toEqual([['format', 'format/bad-value']])
    /* A second one, with nothing captured in between: shops 2 and 3 were deleted unseen, too. */
    const second = loadOf(await lake.loads.invoke(START))
    expect(second?.tables).toMatchObject([{ state: 'loading', estimatedRows: 5 }])
    expect(String(second?.tables[0]?.['position']) > position).toBe(true)
    const again = `landing/loads/${second?.id}/workforce/shops/LOAD00000001.parquet`
    const file = await lake.put(again, shopFile([{ id: 1, name: 'one' }]))
    lake.dms.finish({ 'workforce.shops': { state: 'Table completed', rows: 1 } })
    expect(loadOf(await lake.loads.invoke({}))?.tables).toMatchObject([{ state: 'loading', rows: 1 }])
    expect(await lake.landLoad.invoke(queueEvent([file]))).toEqual(done)
    expect(loadOf(await lake.loads.invoke({}))?.tables).toMatchObject([{ state: 'complete' }])
    expect(await rows(lake)).toEqual([[1, 'one']])
    expect(await lake.objects.list('landing/loads/')).toEqual([again])
    expect(await lake.loads.invoke({})).toEqual({ answer: { loads: [], plan: null } })
    for (const { written } of [lake.landLoad, lake.loads])
      expect(written).not.toMatch(/renamed|five|Lyon|FRANCE/)
  })

  test('a damaged file is set aside and its table says so; one that nobody asked for too; a resume reads again', async () => {
    const lake = await lakeUnderTest()
    const load = loadOf(await lake.loads.invoke(START))
    const busy = await lake.loads.invoke(START)
    expect(busy.error).toContain('load/busy')
    const bodies = [
      await lake.put(
        `landing/loads/${load?.id}/workforce/shops/LOAD00000001.parquet`,
        Buffer.from('no Parquet'),
      ),
      await lake.put(
        'landing/loads/unknown/workforce/shops/LOAD00000001.parquet',
        shopFile([{ id: 1, name: 'one' }]),
      ),
    ]
    expect(await lake.landLoad.invoke(queueEvent(bodies))).toEqual(done)
    expect(await lake.objects.list('landing/loads/')).toEqual([])
    expect(await lake.objects.list('landing/rejected/')).toHaveLength(2)
    expect(await lake.landLoad.invoke(queueEvent(bodies))).toEqual(done)
    lake.dms.finish({ 'workforce.shops': { state: 'Table completed', rows: 1 } })
    const failed = loadOf(await lake.loads.invoke({}))
    expect(failed?.tables).toMatchObject([{ state: 'failed', failure: { code: 'landing/corrupt' } }])
    expect((await lake.refusals()).toSorted()).toEqual([
      ['landing', 'landing/corrupt'],
      ['landing', 'landing/foreign'],
    ])
    expect(await rows(lake)).toEqual([])
    const again = loadOf(await lake.loads.invoke({ resume: load?.id }))
    expect(again?.id).not.toBe(load?.id)
    expect(again?.tables).toMatchObject([{ state: 'loading' }])
    expect(lake.dms.told.at(-1)).toBe('reload-target')
    const cancelled = loadOf(await lake.loads.invoke({ cancel: again?.id }))
    expect(cancelled?.tables).toMatchObject([{ state: 'cancelled' }])
    expect(lake.dms.status).toBe('stopped')
    expect((await lake.loads.invoke({ cancel: 'nothing' })).error).toContain('load/not-found')
    expect((await lake.loads.invoke({ start: { tables: ['nowhere.*'], window: null } })).error).toContain(
      'source/no-tables',
    )
  })
})
