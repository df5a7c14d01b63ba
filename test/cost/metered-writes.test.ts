import { hash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { ledgerItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { packRecords, recordBytes } from '../../aws/firehose/pack-records.ts'
import type { Block } from '../../core/block.ts'
import { nameOfBlock } from '../../core/ledger/ledger.ts'
import type { Page } from '../../core/page.ts'
import { changeUsage } from '../../cost/change-usage.ts'
import type { PriceId } from '../../cost/price-sheet.ts'
import { defaultSetup } from '../../cost/setup.ts'
import { firehoseBytes, MONTH_SECONDS, writeUnits } from '../../cost/units.ts'
import type { Stage } from '../../cost/usage.ts'
import { designedMonth } from '../../cost/what-if.ts'
import { formatStored } from '../../formatters/format-stored.ts'
import { router } from '../../formatters/route.ts'
import { captureBatch } from '../../ingest/capture/capture-batch.ts'
import { decodeDms } from '../../ingest/capture/decode-dms.ts'
import { shopsV1 } from '../../schemas/workforce/shops/v1.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { type DynamoFixture, dynamoFixture } from '../aws/dynamo-fixture.ts'
import { operationOf } from '../aws/fault-proxy.ts'
import { dmsRecord, shopRow } from '../handlers/shop-records.ts'

/*
 * 38 changes a second of 40 tables, 100 million a month, for some windows of capture, through capture, format and the ledger
 * onto DynamoDB's double: what goes over the wire, in the units of AWS, beside what the model says of such a month.
 */
const TABLES = 40
const RATE = 38
const {
  captureWindowSeconds: WINDOW,
  bufferSeconds: BUFFER,
  shards: SHARDS,
  feedShards: FEEDS,
} = defaultSetup
const SECONDS = 3 * WINDOW
const BEGIN = Date.parse('2026-11-30T10:00:00Z')

const stage = await dynamoFixture()
afterAll(() => stage.close())

/* The same every time: a generator of its own (numerical recipes). */
let state = 1
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const contracts = Array.from({ length: TABLES }, (_, index) => ({
  ...shopsV1,
  name: `workforce.shops_${index}`,
  source: { ...shopsV1.source, table: `workforce.shops_${index}` },
}))

interface Arrival {
  readonly at: number
  readonly shard: number
  readonly data: Buffer
}

function arrivals(): readonly Arrival[] {
  return Array.from({ length: SECONDS * RATE }, (_, index) => {
    const at = index / RATE
    const name = Array.from({ length: 6 }, () => random(2 ** 31).toString(36)).join(' ')
    const row = shopRow(random(1e6), name, { latitude: random(9e6) / 1e5, longitude: random(9e6) / 1e5 })
    const committed = new Date(BEGIN + at * 1_000).toISOString().replace('Z', '123Z')
    const data = dmsRecord('update', index, row, `shops_${random(TABLES)}`, committed)
    return { at, shard: random(SHARDS), data: Buffer.from(data) }
  })
}

/* Counts what is written into a table: items, and units of each, names and values as the developer guide counts them. */
type Attribute = { readonly S?: string; readonly N?: string; readonly B?: string }
function counted(tables: Readonly<Record<string, 'raw' | 'ledger'>>) {
  const units = { raw: 0, ledger: 0 }
  const items = { raw: 0, ledger: 0 }
  const plan: DynamoFixture['proxy']['plan'] = (exchange) => {
    if (operationOf(exchange) !== 'BatchWriteItem') return undefined
    const body: {
      RequestItems: Record<string, { PutRequest: { Item: Record<string, Attribute> } }[]>
    } = JSON.parse(exchange.body.toString())
    for (const [name, requests] of Object.entries(body.RequestItems))
      for (const { PutRequest } of requests) {
        const kind = tables[name]
        if (kind === undefined) continue
        const bytes = Object.entries(PutRequest.Item).reduce(
          (sum, [attribute, { S = '', N = '', B = '' }]) => {
            const digits = N === '' ? 0 : Math.ceil(N.length / 2) + 1
            return sum + attribute.length + Buffer.byteLength(S) + digits + Buffer.from(B, 'base64').length
          },
          0,
        )
        items[kind] += 1
        units[kind] += writeUnits(bytes)
      }
    return undefined
  }
  return { units, items, plan }
}

test('capture, format and landing write what the model says, of 100 M changes a month in 40 tables', async () => {
  const [rawTable, ledgerTable] = [await stage.rawTable(), await stage.table()]
  const count = counted({ [rawTable.name]: 'raw', [ledgerTable.name]: 'ledger' })
  stage.proxy.plan = count.plan
  const store = new ItemRawStore({ table: rawItems(rawTable), retentionDays: 30 })
  const ledger = new ItemLedger({ table: ledgerItems(ledgerTable), rawDays: 30, now: () => BEGIN })
  const objects = new Map<number, Block[]>()
  let [firehose, formats, rowBytes] = [0, 0, 0]
  const format = async (pages: readonly Page[], at: number) => {
    formats += 1
    await formatStored(pages, {
      route: router(contracts, new Uint8Array(32)),
      quarantine: { put: () => Promise.reject(new Error('nothing is refused')) },
      ledger,
      delivery: {
        maxBlockBytes: recordBytes,
        put: async (blocks) => {
          for (const record of packRecords(blocks)) firehose += firehoseBytes(record.length)
          const object = Math.floor(at / BUFFER)
          objects.set(object, [...(objects.get(object) ?? []), ...blocks])
        },
      },
      landsInTime: () => true,
    })
  }
  const all = arrivals()
  for (const { data } of all) rowBytes += JSON.stringify(JSON.parse(data.toString()).data).length
  for (let shard = 0; shard < SHARDS; shard += 1)
    for (let window = 0; window < SECONDS / WINDOW; window += 1) {
      const batch = all.filter((one) => one.shard === shard && Math.floor(one.at / WINDOW) === window)
      const put: Page[] = []
      await captureBatch(
        batch.map(({ data }, index) => ({
          data,
          partitionKey: 'workforce',
          sequence: `4966${String(index).padStart(52, '0')}`,
        })),
        {
          shard: `shardId-${String(shard).padStart(12, '0')}`,
          decode: (data) => decodeDms(data, { epoch: 0, loadPositionOf: () => undefined }),
          store: {
            put: async (pages) => {
              await store.put(pages)
              put.push(...pages)
            },
          },
          quarantine: { put: () => Promise.reject(new Error('nothing is refused')) },
          log: { info: () => undefined, warn: () => undefined },
        },
      )
      /* Shards are read each in its own time. */
      const at = window * WINDOW + shard * (WINDOW / SHARDS)
      const feedOf = ({ key }: Page) => hash('sha256', key, 'buffer').readUInt16BE() % FEEDS
      for (let feed = 0; feed < FEEDS; feed += 1)
        await format(
          put.filter((page) => feedOf(page) === feed),
          at,
        )
    }
  for (const [name, blocks] of objects) {
    const files = [...new Set(blocks.map(({ table }) => table))].map((table) => ({
      table,
      version: 1,
      day: '2026-11-30',
      added: [
        { key: `lake/${table}/${name}`, rows: 1, bytes: 1, sha256: 'a'.repeat(64), first: null, last: null },
      ],
      removed: [],
    }))
    const named = blocks.flatMap((block) => nameOfBlock(block) ?? [])
    await ledger.landed({ object: `landing/changes/2026/11/30/10/${name}`, blocks: named, files })
  }

  const changes = all.length
  const month = designedMonth(
    { changesPerMonth: RATE * MONTH_SECONDS, rowBytes: rowBytes / changes, tables: TABLES },
    defaultSetup,
  )
  const usage = changeUsage(month, defaultSetup)
  const modelled = (of: Stage, price: PriceId) =>
    usage.reduce((sum, { stage: by, id, units }) => (by === of && id === price ? sum + units : sum), 0) *
    (SECONDS / MONTH_SECONDS)
  /* Each item of the raw table has an entry of one unit in its index. */
  const metered = {
    capture: count.units.raw + count.items.raw,
    audit: count.units.ledger,
    format: formats,
    firehose,
  }
  const said = {
    capture: modelled('capture', 'dynamodb.write'),
    audit: modelled('audit', 'dynamodb.write'),
    format: modelled('format', 'lambda.request'),
    firehose: modelled('format', 'firehose.in') * 2 ** 30,
  }
  for (const name of ['capture', 'audit', 'format', 'firehose'] as const) {
    expect(metered[name] / said[name], name).toBeGreaterThan(0.9)
    expect(metered[name] / said[name], name).toBeLessThan(1.1)
  }
})
