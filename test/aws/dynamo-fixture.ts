import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { dynamoClient } from '../../aws/calls/clients.ts'
import { HEADS } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import { type Answer, type Exchange, type FaultProxy, faultProxy, operationOf } from './fault-proxy.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

/* Less than a slow answer takes. */
const HASTE_MS = 500
const POLL_MS = 5

/** dynalite behind a fault proxy that also plays DynamoDB Streams. */
export interface DynamoFixture {
  readonly client: DynamoDBClient
  readonly proxy: FaultProxy
  /** An empty table; a hasty client gives up before a slow answer comes. */
  table(temper?: 'patient' | 'hasty'): Promise<DynamoTable>
  /** The same, with the index of a raw table. */
  rawTable(): Promise<DynamoTable>
  /** What the stream of a table has given so far, as the service writes items in JSON. */
  images(table: DynamoTable): readonly StreamImage[]
  close(): Promise<void>
}

export async function dynamoFixture(): Promise<DynamoFixture> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 })
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await faultProxy((server.address() as AddressInfo).port)
  const stream = new FakeStream()
  proxy.heard = (exchange, answer) => stream.hear(exchange, answer)
  const client = dynamoClient(standInSettings(proxy.endpoint))
  const hasty = dynamoClient(standInSettings(proxy.endpoint, HASTE_MS))
  const made = async (indexes: readonly GlobalSecondaryIndex[] = []) => {
    const { plan } = proxy
    proxy.plan = () => undefined
    const name = `t-${randomBytes(6).toString('hex')}`
    await createTable(client, name, indexes)
    proxy.plan = plan
    return name
  }
  return {
    client,
    proxy,
    table: async (temper = 'patient') => ({
      client: temper === 'hasty' ? hasty : client,
      retry: quickRetry,
      name: await made(),
    }),
    rawTable: async () => ({ client, name: await made([headsIndex]), retry: quickRetry }),
    images: ({ name }) => stream.of(name),
    close: async () => {
      client.destroy()
      hasty.destroy()
      await proxy.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

const KeySchema: KeySchemaElement[] = [
  { AttributeName: 'pk', KeyType: 'HASH' },
  { AttributeName: 'sk', KeyType: 'RANGE' },
]

/** The index of a raw table, as a deployment makes it. */
const headsIndex: GlobalSecondaryIndex = {
  IndexName: HEADS,
  KeySchema,
  Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['table', 'committed'] },
}

export async function createTable(
  client: DynamoDBClient,
  TableName: string,
  indexes: readonly GlobalSecondaryIndex[] = [],
): Promise<void> {
  const command = new CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema,
    ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: [...indexes] }),
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
  })
  await client.send(command)
  const describe = new DescribeTableCommand({ TableName })
  const deadline = Date.now() + 60_000
  while ((await client.send(describe)).Table?.TableStatus !== 'ACTIVE' && Date.now() < deadline)
    await sleep(POLL_MS)
}

interface WriteBody {
  readonly RequestItems: Readonly<
    Record<string, readonly { readonly PutRequest?: { readonly Item: StreamImage } }[]>
  >
}
type StreamImage = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Plays the stream of the stage's tables: an image for each put of a batch that made or changed an item. */
class FakeStream {
  private readonly last = new Map<string, string>()
  private readonly images = new Map<string, StreamImage[]>()

  of(table: string): readonly StreamImage[] {
    return this.images.get(table) ?? []
  }

  hear(exchange: Exchange, { status }: Answer): void {
    if (operationOf(exchange) !== 'BatchWriteItem' || status !== 200) return
    const { RequestItems }: WriteBody = JSON.parse(exchange.body.toString())
    for (const [table, requests] of Object.entries(RequestItems))
      for (const { PutRequest } of requests) if (PutRequest !== undefined) this.put(table, PutRequest.Item)
  }

  /* "If you perform a PutItem that does not change any data in an item, DynamoDB Streams does not write a record." */
  private put(table: string, item: StreamImage): void {
    const key = JSON.stringify([table, item['pk'], item['sk']])
    const image = JSON.stringify(Object.entries(item).sort())
    if (this.last.get(key) === image) return
    this.last.set(key, image)
    this.images.set(table, [...this.of(table), item])
  }
}
