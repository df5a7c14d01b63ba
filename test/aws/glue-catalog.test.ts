import { randomBytes } from 'node:crypto'
import { GetTableCommand, UpdateTableCommand } from '@aws-sdk/client-glue'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { glueClient } from '../../aws/calls/clients.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { createPartitions } from '../../aws/glue/partition-batches.ts'
import { partitionInput } from '../../aws/glue/table-input.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import type { CatalogTable } from '../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../core/position.ts'
import { catalogContract } from '../ports/catalog.contract.ts'
import { failedPartitions, withVersionCheck } from './fake-glue-faults.ts'
import { every, type FaultPlan, faults } from './fault-proxy.ts'
import { motoFixture, noMoto } from './moto-fixture.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

const stage = await motoFixture()
afterAll(() => stage?.close())
const suite = stage === undefined ? noMoto : 'moto'

describe.skipIf(stage === undefined)(suite, () => {
  if (stage === undefined) return test('needs python3 with moto.server', () => undefined)
  const settings = standInSettings(stage.proxy.endpoint)
  beforeEach(() => {
    stage.proxy.plan = () => undefined
  })

  describe('Glue', () => {
    const client = glueClient(settings)
    afterAll(() => client.destroy())
    const catalogOf = async () => {
      const bucket = await stage.bucket('sends once')
      const shared = { client, retry: quickRetry, domains: ['w'], root: `s3://${bucket.bucket}` }
      const prefix = `t${randomBytes(6).toString('hex')}_`
      const open = () => new GlueCatalog({ ...shared, prefix, objects: new S3Objects(bucket) })
      return { open, prefix }
    }

    describe.each([
      ['moto', () => undefined],
      ['moto under throttling', every(3, faults.throttle)],
      ['moto under answers that never arrive', every(5, faults['a cut after the write'])],
    ])('%s', (name, plan: FaultPlan) => {
      catalogContract(name, async () => {
        const { open } = await catalogOf()
        stage.proxy.plan = withVersionCheck(plan)
        return { catalog: open(), reopen: async () => open() }
      })
    })

    test('G8 loses no floor when two writers change a table at once', async () => {
      const { open } = await catalogOf()
      const check = withVersionCheck(() => undefined)
      stage.proxy.plan = check
      const [one, two] = [open(), open()]
      await one.registerTables([wide('short')])
      const add = (catalog: GlueCatalog, from: number) =>
        Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            catalog.addFloor('public.wide', {
              position: loadPosition(1, BigInt(from + index)),
              reason: 'truncate',
            }),
          ),
        )
      await Promise.all([add(one, 0), add(two, 100)])
      expect((await one.entries())[0]?.floors).toHaveLength(16)
    })

    test('keeps what others wrote into the parameters of a table, and says Parquet to Athena', async () => {
      const { open, prefix } = await catalogOf()
      const catalog = open()
      await catalog.registerTables([wide('short')])
      const place = { DatabaseName: `${prefix}w` }
      const before = await client.send(new GetTableCommand({ ...place, Name: 'wide_v1_history' }))
      const Parameters = { ...before.Table?.Parameters, 'owned.by': 'others' }
      const { Name, StorageDescriptor, PartitionKeys, TableType } = before.Table ?? {}
      const TableInput = { Name, StorageDescriptor, PartitionKeys, TableType, Parameters }
      await client.send(new UpdateTableCommand({ ...place, TableInput }))
      await catalog.publishRevision('w.wide', 1, 1)
      const after = await client.send(new GetTableCommand({ ...place, Name: 'wide_v1_history' }))
      expect(after.Table?.Parameters).toMatchObject({ 'owned.by': 'others', classification: 'parquet' })
      expect(after.Table).toMatchObject({ TableType: 'EXTERNAL_TABLE', PartitionKeys, Description: 'short' })
      expect(after.Table?.StorageDescriptor?.Columns?.map((column) => column.Name)).toContain('_position')
    })

    test('an entry beyond what Glue takes is refused by name, before anything is written', async () => {
      const { open } = await catalogOf()
      const catalog = open()
      const huge = catalog.registerTables([wide('x'.repeat(600_000))])
      await expect(huge).rejects.toMatchObject({ code: 'catalog/too-large' })
      expect(await catalog.entries()).toEqual([])
    })

    test('creates 100 partitions and deletes 25 in a call, and sends again only the items that failed', async () => {
      const { open, prefix } = await catalogOf()
      const catalog = open()
      await catalog.registerTables([wide('short')])
      const days = Array.from({ length: 230 }, (_, index) =>
        new Date(index * 86_400_000).toISOString().slice(0, 10),
      )
      const access = { client, retry: quickRetry }
      const place = { database: `${prefix}w`, table: 'wide_v1_history' }
      const sizes: number[] = []
      stage.proxy.plan = () => failedPartitions(sizes)
      const inputs = days.map((day) => partitionInput('s3://b', wide('short'), day))
      await createPartitions(access, place, inputs)
      await createPartitions(access, place, inputs.slice(0, 3))
      stage.proxy.plan = () => undefined
      expect((await catalog.entries())[0]?.partitions).toEqual(days)
      expect(sizes).toEqual([100, 50, 25, 12, 6, 3, 1, 100, 50, 25, 12, 6, 3, 1, 30, 15, 7, 3, 1, 3, 1])
      sizes.length = 0
      stage.proxy.plan = () => failedPartitions(sizes)
      await catalog.dropPartitions('w.wide', 1, [...days.slice(0, 60), '1950-01-01'])
      stage.proxy.plan = () => undefined
      expect(Math.max(...sizes)).toBe(25)
      expect((await catalog.entries())[0]?.partitions).toEqual(days.slice(60))
    })
  })
})

function wide(description: string): CatalogTable {
  return {
    name: 'w.wide',
    version: 1,
    description,
    owner: 'tests',
    source: 'public.wide',
    primaryKey: ['id'],
    location: 'lake/w/wide_v1_history',
    baseLocation: 'lake/w/wide_v1_base',
    basePartitions: [],
    columns: [{ name: 'id', type: { kind: 'bigint' }, description: 'The key', contractColumn: 'id' }],
  }
}
