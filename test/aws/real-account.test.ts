import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { DeleteTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { DeleteDatabaseCommand } from '@aws-sdk/client-glue'
import { afterAll, describe, expect, test } from 'vitest'
import { dynamoClient, glueClient, s3Client } from '../../aws/calls/clients.ts'
import { defaultRetry } from '../../aws/calls/retry.ts'
import { quarantineItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { catalogContract } from '../ports/catalog.contract.ts'
import { objectStoreContract } from '../ports/object-store.contract.ts'
import { type QuarantineUnderTest, quarantineContract } from '../ports/quarantine.contract.ts'
import { listed, page } from '../ports/raw-store.contract.ts'
import { createTable } from './dynamo-fixture.ts'
import { realAccount } from './real-account.ts'

const account = realAccount()
const suite = account === undefined ? 'skipped: TIDEMARK_TEST_AWS is not set' : 'a real account'

describe.skipIf(account === undefined)(suite, () => {
  if (account === undefined) return test('needs TIDEMARK_TEST_AWS', () => undefined)
  const dynamo = dynamoClient(account)
  const s3 = s3Client(account)
  const glue = glueClient(account)
  const run = `tidemark-test-${randomBytes(6).toString('hex')}`
  const undo: (() => Promise<unknown>)[] = []
  afterAll(async () => {
    for (const step of undo) await step()
    const left = new S3Objects(bucketOf(''))
    for (const key of await left.list('')) await left.delete(key)
  })

  const bucketOf = (folder: string) => ({
    client: s3,
    bucket: account.bucket,
    prefix: `${run}/${folder}`,
    retry: defaultRetry,
    partBytes: 5 << 20,
  })
  let serial = 0
  const next = () => `${run}-${++serial}`
  const tableOf = async () => {
    const name = next()
    await createTable(dynamo, name)
    undo.push(() => dynamo.send(new DeleteTableCommand({ TableName: name })))
    return { client: dynamo, name, retry: defaultRetry }
  }

  objectStoreContract('S3', async () => new S3Objects(bucketOf(`${next()}/`)))

  catalogContract('Glue', async () => {
    const prefix = `${next().replaceAll('-', '_')}_`
    undo.push(() => glue.send(new DeleteDatabaseCommand({ Name: `${prefix}w` })).catch(() => undefined))
    const shared = {
      client: glue,
      retry: defaultRetry,
      domains: ['w'],
      root: `s3://${account.bucket}/${run}`,
    }
    const open = () => new GlueCatalog({ ...shared, prefix, objects: new S3Objects(bucketOf(`${prefix}/`)) })
    return { catalog: open(), reopen: async () => open() }
  })

  quarantineContract('DynamoDB', async () => {
    const table = await tableOf()
    const underTest = (): QuarantineUnderTest => ({
      quarantine: new ItemQuarantine({ table: quarantineItems(table), retentionDays: 1, now: Date.now }),
      reopen: async () => underTest(),
      holds: async (text) => {
        const { Items = [] } = await dynamo.send(
          new ScanCommand({ TableName: table.name, ConsistentRead: true }),
        )
        return Items.some(
          ({ payload }) => payload?.B !== undefined && inflateRawSync(payload.B).includes(text),
        )
      },
    })
    return underTest()
  })

  test('DynamoDB keeps pages, byte for byte, in position order', async () => {
    const store = new ItemRawStore({ table: rawItems(await tableOf()), retentionDays: 1 })
    const pages = await Promise.all([1, 2, 3, 4].map((at) => page('a.t', at)))
    await store.put(pages.toReversed())
    await store.put(pages)
    expect(await listed(store, 'a.t')).toEqual(pages)
  })
})
