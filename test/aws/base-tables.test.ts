import { randomBytes } from 'node:crypto'
import { BatchCreatePartitionCommand, CreateTableCommand, GetPartitionsCommand } from '@aws-sdk/client-glue'
import { afterAll, describe, expect, test } from 'vitest'
import { glueClient } from '../../aws/calls/clients.ts'
import { planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import type { Base } from '../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../core/position.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables as contracts } from '../../schemas/index.ts'
import { withVersionCheck } from './fake-glue-faults.ts'
import { motoFixture, noMoto } from './moto-fixture.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'
import { viewSql } from './view-sql.ts'

const stage = await motoFixture()
afterAll(() => stage?.close())
const suite = stage === undefined ? noMoto : 'moto'
const shifts = contracts.map(catalogTable).filter(({ name }) => name === 'workforce.shifts')

describe.skipIf(stage === undefined)(suite, () => {
  if (stage === undefined) return test('needs python3 with moto.server', () => undefined)
  stage.proxy.plan = withVersionCheck(() => undefined)
  const client = glueClient(standInSettings(stage.proxy.endpoint))
  afterAll(() => client.destroy())

  test('G8 a base has tables of its own before the view reads it, and older ones stay for who still does', async () => {
    const bucket = await stage.bucket('sends once')
    const objects = new S3Objects(bucket)
    const prefix = `b${randomBytes(6).toString('hex')}_`
    const access = { client, retry: quickRetry, prefix, root: 's3://lake' }
    const catalog = new GlueCatalog({ ...access, domains: ['workforce'], objects })
    const settings = { ...access, glue: glueTables(access), objects }
    await (await planDefinitions(settings, shifts)).apply(false)
    const namesOf = async () =>
      (await settings.glue.list(`${prefix}workforce`)).map(({ Name = '' }) => Name).toSorted()

    await catalog.publishBase('workforce.shifts', 1, shiftsBase(1, ['2026-03-01', '2026-03-02']), null)
    expect(await namesOf()).toEqual([
      'shifts',
      'shifts_v1_base_000001',
      'shifts_v1_deleted_000001',
      'shifts_v1_history',
    ])
    expect(await viewSql(settings)).toContain('shifts_v1_base_000001')
    const place = { DatabaseName: `${prefix}workforce`, TableName: 'shifts_v1_base_000001' }
    const { Partitions = [] } = await client.send(new GetPartitionsCommand(place))
    expect(Partitions.map(({ Values, StorageDescriptor }) => [Values, StorageDescriptor?.Location])).toEqual([
      [['2026-03-01'], 's3://lake/lake/workforce/shifts_v1_base/starts_at_day=2026-03-01/000001/'],
      [['2026-03-02'], 's3://lake/lake/workforce/shifts_v1_base/starts_at_day=2026-03-02/000001/'],
    ])
    /* What an attempt left that broke off before it was shown is put right. */
    const left = {
      Name: 'shifts_v1_base_000002',
      StorageDescriptor: {},
      PartitionKeys: [{ Name: 'starts_at_day', Type: 'string' }],
    }
    await client.send(new CreateTableCommand({ DatabaseName: `${prefix}workforce`, TableInput: left }))
    const stale = { ...place, TableName: 'shifts_v1_base_000002' }
    await client.send(
      new BatchCreatePartitionCommand({ ...stale, PartitionInputList: [{ Values: ['1999-01-01'] }] }),
    )

    const second = shiftsBase(2, ['2026-03-02'])
    await catalog.publishBase(
      'workforce.shifts',
      1,
      { ...second, parts: [...shiftsBase(1, ['2026-03-01']).parts, ...second.parts] },
      1,
    )
    const after = await client.send(new GetPartitionsCommand(stale))
    expect(
      (after.Partitions ?? []).map(({ Values, StorageDescriptor }) => [Values, StorageDescriptor?.Location]),
    ).toEqual([
      [['2026-03-01'], 's3://lake/lake/workforce/shifts_v1_base/starts_at_day=2026-03-01/000001/'],
      [['2026-03-02'], 's3://lake/lake/workforce/shifts_v1_base/starts_at_day=2026-03-02/000002/'],
    ])
    expect(await viewSql(settings)).toContain('shifts_v1_base_000002')
    expect(await namesOf()).toContain('shifts_v1_base_000001')
    await catalog.publishBase('workforce.shifts', 1, shiftsBase(3, ['2026-03-02']), 2)
    /* Out of use for seconds only; `compact-tables.test.ts` lets hours pass. */
    expect((await namesOf()).filter((name) => /base|deleted/.test(name))).toEqual(
      ['base', 'deleted'].flatMap((kind) => [1, 2, 3].map((build) => `shifts_v1_${kind}_00000${build}`)),
    )
    expect((await planDefinitions(settings, shifts)).changes).toEqual([])
  })
})

function shiftsBase(build: number, days: readonly string[]): Base {
  const folder = `00000${build}`
  return {
    build,
    position: loadPosition(1, 9n),
    openSince: '2026-03-02',
    historyFrom: null,
    folded: [],
    tombstones: [],
    parts: days.map((day) => ({
      values: { starts_at_day: day },
      files: [
        { key: `lake/workforce/shifts_v1_base/starts_at_day=${day}/${folder}/0.parquet`, rows: 1, bytes: 9 },
      ],
    })),
    rows: days.length,
  }
}
