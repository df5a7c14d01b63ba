import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { glueClient } from '../../../aws/calls/clients.ts'
import { GlueCatalog } from '../../../aws/glue/glue-catalog.ts'
import { S3Objects } from '../../../aws/s3/s3-objects.ts'
import { proofAnswer } from '../../../engine/reconcile/proof-answer.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { createSampleDatabase } from '../../../local/sample/sample-database.ts'
import { tables } from '../../../schemas/index.ts'
import { json } from '../../aws/fake-partial-faults.ts'
import { every, faultProxy, faults } from '../../aws/fault-proxy.ts'
import { motoFixture, noMoto } from '../../aws/moto-fixture.ts'
import { quickRetry, standInSettings } from '../../aws/quick-settings.ts'
import { hasOpenssl, selfSigned, serveTls } from '../../engine/postgres/self-signed.ts'
import { startSource, until } from '../../engine/postgres/source-server.ts'
import { metricOf, type RunningHandler } from '../built-handlers.ts'
import { createdNotice, queueEvent, streamEvent } from '../events.ts'
import { handlerFixture } from '../handler-fixture.ts'

const found = hasOpenssl ? await motoFixture() : undefined
afterAll(() => found?.close())
const suite = found === undefined ? `${noMoto}, and with openssl` : 'moto'
const done = { answer: { batchItemFailures: [] } }

describe.skipIf(found === undefined)(suite, async () => {
  if (found === undefined) return test('needs python3 with moto.server', () => undefined)
  const moto = found
  const [stage, server, own, other] = await Promise.all([
    handlerFixture(),
    startSource(),
    selfSigned(),
    selfSigned(),
  ])
  const { source, client, name } = await server.database('drop schema public cascade')
  await createSampleDatabase(source.url, { scale: 0.01 })
  await serveTls(client, own)
  const glue = glueClient(standInSettings(moto.proxy.endpoint))
  const { username, password, port } = new URL(source.url)
  const address = { host: 'localhost', port: Number(port), dbname: name, username, password }
  const secrets = await faultProxy(async ({ body }) => {
    const { SecretId } = JSON.parse(body.toString())
    const ca = SecretId === 'source' ? own.certificate : other.certificate
    return json({ SecretString: SecretId === 'mask' ? 'ab'.repeat(32) : JSON.stringify({ ...address, ca }) })
  })
  afterAll(async () => {
    glue.destroy()
    await secrets.close()
    await stage.close()
    await server.stop()
  })
  beforeEach(() => {
    moto.proxy.plan = () => undefined
  })

  /* The functions of a pipeline, before an empty lake. */
  async function emptyLake() {
    const bucket = { ...(await moto.bucket()), prefix: '' }
    const objects = new S3Objects(bucket)
    const prefix = `t${randomBytes(6).toString('hex')}_`
    const root = `s3://${bucket.bucket}`
    const shared = { client: glue, retry: quickRetry, domains: ['workforce'], root, prefix, objects }
    await new GlueCatalog(shared).registerTables(tables.map(catalogTable))
    const pipeline = await stage.pipeline(objects)
    const places = {
      AWS_ENDPOINT_URL_S3: moto.proxy.endpoint,
      AWS_ENDPOINT_URL_GLUE: moto.proxy.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      TIDEMARK_BUCKET: bucket.bucket,
      TIDEMARK_CATALOG_PREFIX: prefix,
      TIDEMARK_MASK_SECRET: 'mask',
    }
    const [format, land] = await Promise.all([
      pipeline.start('format', places),
      pipeline.start('land', places),
    ])
    const reconcile = (waitSeconds: number, more: Readonly<Record<string, string>> = {}) =>
      pipeline.start('reconcile', {
        ...places,
        TIDEMARK_SYSTEMS: 'workforce-postgres',
        TIDEMARK_SOURCE_SECRET: 'source',
        TIDEMARK_SETTLE_SECONDS: '1',
        TIDEMARK_WAIT_SECONDS: String(waitSeconds),
        ...more,
      })
    let played = 0
    let landed = 0
    /* Everything that was captured and did not go on yet. */
    const play = async () => {
      const images = stage.dynamo.images(pipeline.raw)
      const fresh = images.slice(played)
      played = images.length
      if (fresh.length === 0) return
      expect(await format.invoke(streamEvent(fresh))).toEqual(done)
      const keys = await objects.list('landing/changes/')
      const notice = createdNotice(bucket.bucket, keys.slice(landed))
      landed = keys.length
      expect(await land.invoke(queueEvent([notice]))).toEqual(done)
    }
    return { reconcile, play, objects }
  }

  async function prove(handler: RunningHandler, event: unknown) {
    const { answer, error } = await handler.invoke(event, 300_000)
    if (error !== undefined) throw new Error(error)
    return proofAnswer.parse(answer)
  }

  test('G2 what never came is named and healed, what lags is waited for, masked tables too', async () => {
    const { reconcile, play, objects } = await emptyLake()
    const hasty = await reconcile(0)
    const empty = await prove(hasty, { tables: ['workforce.shops', 'workforce.employees'] })
    expect(empty).toMatchObject({ equal: false, failed: [], notBegun: [] })
    for (const { sourceRows, lakeRows, different, kinds, healed } of empty.tables) {
      expect(sourceRows).toBeGreaterThan(0)
      expect([lakeRows, different, kinds.missing, healed]).toEqual([0, sourceRows, sourceRows, null])
    }
    /* Captured again, but nothing goes on. */
    const captured = await prove(hasty, { heal: true })
    expect(captured.tables.map(({ healed }) => healed?.healed)).toEqual(tables.map(() => 0))
    const patient = await reconcile(120)
    const kept = async () => (await objects.get('state/proofs.json')).toString()
    const before = await kept()
    const waiting = prove(patient, {})
    /* It has begun to look. */
    await until(async () => (await kept()) !== before)
    await play()
    const equal = await waiting
    expect(equal).toMatchObject({ equal: true, failed: [], notBegun: [] })
    expect(equal.tables).toHaveLength(tables.length)
    expect(equal.tables.every(({ waited }) => waited >= 1)).toBe(true)
    expect(metricOf(patient.lines, 'unequal')).toEqual({ '': 0 })
    expect(JSON.parse(await kept())).toMatchObject({
      tables: { 'workforce.employees': { equal: true, different: 0 } },
    })
    const met = moto.proxy.met()
    moto.proxy.plan = every(3, faults.throttle)
    expect(await prove(hasty, { tables: ['workforce.employees'] })).toMatchObject({ equal: true })
    expect(moto.proxy.met()).toBeGreaterThan(met + 3)
  }, 240_000)

  test('G2 G7 a change that is lost is found and healed, and nobody is told of the row', async () => {
    const { reconcile, play } = await emptyLake()
    await client.query(`insert into workforce.shops select 99999, 'S-99999', name, city, country_code, latitude, longitude,
      opened_on, is_open, opening_hours, updated_at from workforce.shops limit 1`)
    const hasty = await reconcile(0)
    const shops = { tables: ['workforce.shops'] }
    await prove(hasty, { ...shops, heal: true })
    await play()
    expect(await prove(hasty, shops)).toMatchObject({ equal: true })
    await client.query(
      `update workforce.shops set name = 'Zwischenahn' where shop_id = (select min(shop_id) from workforce.shops)`,
    )
    await client.query('delete from workforce.shops where shop_id = 99999')
    const lost = await prove(hasty, shops)
    expect(lost.tables).toMatchObject([
      { equal: false, different: 2, kinds: { missing: 0, foreign: 1, changed: 1 }, columns: ['name'] },
    ])
    const healing = await reconcile(8)
    let isOver = false
    const over = prove(healing, { ...shops, heal: true }).finally(() => {
      isOver = true
    })
    while (!isOver) {
      await play()
      await sleep(50)
    }
    const healed = await over
    expect(healed.tables).toMatchObject([
      { equal: true, different: 0, healed: { healed: 2, notPossible: 0 } },
    ])
    for (const { written } of [hasty, healing]) expect(written).not.toMatch(/Zwischenahn/)
    expect(JSON.stringify([lost, healed])).not.toMatch(/Zwischenahn/)
  }, 240_000)

  test('G7 a server whose certificate another CA has signed is told nothing', async () => {
    const { reconcile } = await emptyLake()
    const deceived = await reconcile(0, { TIDEMARK_SOURCE_SECRET: 'another' })
    const { error } = await deceived.invoke({}, 60_000)
    expect(error).toMatch(
      /^Error: source\/tls: cannot connect to localhost:\d+\/\w+: DEPTH_ZERO_SELF_SIGNED_CERT$/,
    )
    expect(deceived.written).not.toContain(password)
    await expect(reconcile(0, { TIDEMARK_SYSTEMS: 'nobody' })).rejects.toThrow(/TIDEMARK_SYSTEMS/)
    const blind = await reconcile(0, { TIDEMARK_SOURCE_SECRET: 'mask' })
    expect((await blind.invoke({}, 60_000)).error).toMatch(/^Error: settings\/invalid: secret mask/)
  })
})
