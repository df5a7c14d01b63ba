import { randomBytes } from 'node:crypto'
import type { Table, TableInput } from '@aws-sdk/client-glue'
import { afterAll, describe, expect, test } from 'vitest'
import { glueClient } from '../../aws/calls/clients.ts'
import { writeManifest } from '../../aws/glue/base-manifest.ts'
import { type DefinitionsSettings, planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { type GlueTables, glueTables } from '../../aws/glue/glue-tables.ts'
import { tableInput } from '../../aws/glue/table-input.ts'
import type { Base, CatalogTable } from '../../core/ports/catalog-entry.ts'
import { loadPosition } from '../../core/position.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables as contracts } from '../../schemas/index.ts'
import { trinoFaults } from '../lake/sql/trino-faults.ts'
import { tidemark } from '../support/tidemark.ts'
import { withVersionCheck } from './fake-glue-faults.ts'
import { FakeGlueTables } from './fake-glue-tables.ts'
import { motoFixture, noMoto } from './moto-fixture.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'
import { viewSql } from './view-sql.ts'

const stage = await motoFixture()
const client = stage === undefined ? undefined : glueClient(standInSettings(stage.proxy.endpoint))
if (stage !== undefined) stage.proxy.plan = withVersionCheck(() => undefined)
afterAll(async () => {
  client?.destroy()
  await stage?.close()
})

const all = contracts.map(catalogTable)
const shops = all.filter(({ name }) => name === 'workforce.shops')
const emptyBase: Base = {
  build: 7,
  position: loadPosition(1, 9n),
  openSince: '2026-03-02',
  historyFrom: null,
  folded: [],
  parts: [],
  tombstones: [],
  rows: 0,
}
const noObjects = {
  get: () => Promise.reject(new Error('no base here')),
  list: async () => [],
  delete: async () => undefined,
}

function suite(open: () => GlueTables): void {
  const fresh = (): DefinitionsSettings => ({
    glue: open(),
    prefix: `p${randomBytes(6).toString('hex')}_`,
    root: 's3://lake',
    objects: noObjects,
  })
  const applied = async (tables: readonly CatalogTable[]) => {
    const settings = fresh()
    await (await planDefinitions(settings, tables)).apply(false)
    return settings
  }
  const classesOf = async (settings: DefinitionsSettings, tables: readonly CatalogTable[]) =>
    (await planDefinitions(settings, tables)).changes.map(({ action, kind, ...change }) => [
      action,
      kind,
      change.class,
    ])
  const edit = async (
    { glue, prefix }: DefinitionsSettings,
    name: string,
    change: (table: Table) => Partial<TableInput>,
  ) => {
    const before = (await glue.list(`${prefix}workforce`)).find(({ Name }) => Name === name)
    if (before === undefined) throw new Error(`${name} is not there`)
    const { TableType, PartitionKeys, Parameters, StorageDescriptor, ViewOriginalText, ViewExpandedText } =
      before
    const views = ViewOriginalText === undefined ? {} : { ViewOriginalText, ViewExpandedText }
    const input = { Name: name, TableType, PartitionKeys, Parameters, StorageDescriptor, ...views }
    await glue.update(`${prefix}workforce`, { ...input, ...change(before) } as TableInput, before)
  }

  test('every contract of the repository is applied once, and the next plan is empty', async () => {
    const settings = await applied(all)
    const { changes, apply } = await planDefinitions(settings, all)
    expect(changes).toEqual([])
    await apply(false)
    const found = await settings.glue.list(`${settings.prefix}workforce`)
    expect(found).toHaveLength(all.length + new Set(all.map(({ name }) => name)).size)
  })

  test('a view says Presto types in its text and Hive types in its columns, in one order', async () => {
    const { glue, prefix } = await applied(shops)
    const view = (await glue.list(`${prefix}workforce`)).find(({ Name }) => Name === 'shops')
    expect(view).toMatchObject({ TableType: 'VIRTUAL_VIEW', ViewExpandedText: '/* Presto View */' })
    expect(view?.Parameters).toMatchObject({ presto_view: 'true', comment: 'Presto View' })
    const [, encoded = ''] = /^\/\* Presto View: (.*) \*\/$/.exec(view?.ViewOriginalText ?? '') ?? []
    const text = JSON.parse(Buffer.from(encoded, 'base64').toString())
    expect(text).toMatchObject({ catalog: 'awsdatacatalog', schema: `${prefix}workforce` })
    expect(text.originalSql).toContain(`"${prefix}workforce"."shops_v1_history"`)
    const hive = view?.StorageDescriptor?.Columns ?? []
    expect(text.columns.map((column: { name: string }) => column.name)).toEqual(hive.map(({ Name }) => Name))
    expect(text.columns).toContainEqual({ name: '_committed_at', type: 'timestamp(3)' })
    expect(hive).toContainEqual(expect.objectContaining({ Name: '_committed_at', Type: 'timestamp' }))
  })

  test('a new column is additive; one that goes is breaking, refused, and applied when allowed', async () => {
    const [table] = shops
    if (table === undefined) throw new Error('no shops')
    const column = { name: 'zone', description: 'Z', contractColumn: 'zone' }
    const wider = [
      { ...table, columns: [...table.columns, { ...column, type: { kind: 'string' } as const }] },
    ]
    const settings = await applied(shops)
    expect(await classesOf(settings, wider)).toEqual([
      ['update', 'table', 'additive'],
      ['update', 'view', 'additive'],
    ])
    await (await planDefinitions(settings, wider)).apply(false)
    const back = await planDefinitions(settings, shops)
    expect(back.changes.map((change) => change.class)).toEqual(['breaking', 'breaking'])
    await expect(back.apply(false)).rejects.toMatchObject({ code: 'catalog/breaking' })
    expect(await classesOf(settings, wider)).toEqual([])
    await back.apply(true)
    expect(await classesOf(settings, shops)).toEqual([])
  })

  test('what was changed by hand in a table or a view is drift, and put back', async () => {
    const settings = await applied(shops)
    await edit(settings, 'shops_v1_history', ({ StorageDescriptor }) => ({
      StorageDescriptor: {
        ...StorageDescriptor,
        Columns: [...(StorageDescriptor?.Columns ?? []), { Name: 'by_hand', Type: 'int' }],
      },
    }))
    await edit(settings, 'shops', () => ({ ViewOriginalText: '/* Presto View: e30= */' }))
    const plan = await planDefinitions(settings, shops)
    expect(plan.changes.map(({ name, lines, ...change }) => [name, change.class, lines])).toEqual([
      ['shops_v1_history', 'drift', expect.arrayContaining(['- by_hand int'])],
      ['shops', 'drift', ['~ sql']],
    ])
    await plan.apply(false)
    expect(await classesOf(settings, shops)).toEqual([])
  })

  test('a plan that Glue has moved on from is refused, and planning again mends it', async () => {
    const settings = await applied(shops)
    const touch = () => edit(settings, 'shops_v1_history', () => ({ Description: 'by hand' }))
    await touch()
    const old = await planDefinitions(settings, shops)
    await touch()
    await expect(old.apply(false)).rejects.toMatchObject({ code: 'catalog/changed' })
    await (await planDefinitions(settings, shops)).apply(false)
    expect(await classesOf(settings, shops)).toEqual([])
  })

  test('a version without a contract is deleted only when breaking is allowed; a table of others stays', async () => {
    const settings = await applied(all)
    const database = `${settings.prefix}workforce`
    await settings.glue.create(database, {
      Name: 'of_others',
      TableType: 'EXTERNAL_TABLE',
      PartitionKeys: [],
    })
    const plan = await planDefinitions(settings, shops)
    expect(new Set(plan.changes.map((change) => `${change.action} ${change.class}`))).toEqual(
      new Set(['delete breaking']),
    )
    await plan.apply(true)
    const names = (await settings.glue.list(database)).map(({ Name }) => Name)
    expect(names.toSorted()).toEqual(['of_others', 'shops', 'shops_v1_history'])
  })

  test('a table of others under a name of ours is replaced only when breaking is allowed', async () => {
    const settings = fresh()
    const database = `${settings.prefix}workforce`
    await settings.glue.makeDatabase(database)
    await settings.glue.create(database, { Name: 'shops', TableType: 'EXTERNAL_TABLE', PartitionKeys: [] })
    const plan = await planDefinitions(settings, shops)
    await expect(plan.apply(false)).rejects.toMatchObject({ code: 'catalog/breaking' })
    await plan.apply(true)
    expect(await classesOf(settings, shops)).toEqual([])
  })
}

describe('Glue in memory', () => {
  suite(() => new FakeGlueTables())

  test('the view reads base when its tables are there, all history until then, and never too little of it', async () => {
    const stored = new Map<string, Buffer>()
    const objects = {
      get: (key: string) => Promise.resolve(stored.get(key) ?? Buffer.from('')),
      put: async (key: string, content: Uint8Array) => void stored.set(key, Buffer.from(content)),
    }
    const sqlWith = async (historyFrom: Base['historyFrom'], suffixes: readonly string[]) => {
      const [table] = shops
      if (table === undefined) throw new Error('no shops')
      const glue = new FakeGlueTables()
      const settings = { glue, prefix: 'b_', root: 's3://lake', objects }
      const base = await writeManifest(objects, table, { ...emptyBase, historyFrom })
      await glue.makeDatabase('b_workforce')
      await glue.create(
        'b_workforce',
        tableInput('b_', 's3://lake', { table, floors: [], revisions: [], base }),
      )
      for (const suffix of suffixes) await glue.create('b_workforce', { Name: `shops_v1_${suffix}_000007` })
      await (await planDefinitions(settings, shops)).apply(false)
      const names = (await glue.list('b_workforce')).map(({ Name }) => Name)
      expect(names).toHaveLength(suffixes.length + 2)
      const view = (await glue.list('b_workforce')).find(({ Name }) => Name === 'shops')
      const [, encoded = ''] = /^\/\* Presto View: (.*) \*\/$/.exec(view?.ViewOriginalText ?? '') ?? []
      const { originalSql } = JSON.parse(Buffer.from(encoded, 'base64').toString())
      expect(trinoFaults(originalSql)).toEqual([])
      return originalSql
    }
    expect(await sqlWith(null, ['base', 'deleted'])).toContain('"shops_v1_base_000007"')
    expect(await sqlWith(null, ['base'])).not.toContain('_base_')
    expect(await sqlWith(emptyBase.position, [])).toContain('"shops_v1_base_000007"')
  })
})

const name = stage === undefined ? noMoto : 'moto'
describe.skipIf(stage === undefined)(name, () => {
  if (stage === undefined || client === undefined) return test('needs moto', () => undefined)
  suite(() => glueTables({ client, retry: quickRetry }))

  test('floors that the pipeline adds are in the view at once, and stay through an apply', async () => {
    const bucket = await stage.bucket()
    const prefix = `f${randomBytes(6).toString('hex')}_`
    const access = { client, retry: quickRetry, prefix, root: 's3://lake' }
    const objects = { ...noObjects, put: () => Promise.reject(new Error(bucket.bucket)) }
    const catalog = new GlueCatalog({ ...access, domains: ['workforce'], objects })
    const settings = { ...access, glue: glueTables(access), objects }
    await catalog.registerTables(shops)
    const first = await planDefinitions(settings, shops)
    expect(first.changes.map(({ action, kind }) => `${action} ${kind}`)).toEqual(['create view'])
    await first.apply(false)
    await catalog.addFloor(shops[0]?.source ?? '', { position: loadPosition(1, 9n), reason: 'load' })
    expect(await viewSql(settings)).toContain(loadPosition(1, 9n))
    expect((await planDefinitions(settings, shops)).changes).toEqual([])
    expect((await catalog.entries())[0]?.floors).toHaveLength(1)
  })

  test('the command line plans with 1, asks somebody before it applies, and has nothing left to do with 0', async () => {
    const place = [
      '--region',
      'eu-west-1',
      '--root',
      's3://lake',
      '--prefix',
      `c${randomBytes(6).toString('hex')}_`,
    ]
    const run = (...args: readonly string[]) =>
      tidemark(['catalog', ...args, ...place, '--endpoint', stage.proxy.endpoint], {
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      })
    const planned = await run('plan', '--json')
    expect(planned.code).toBe(1)
    expect(JSON.parse(planned.stdout).changes[0]).toMatchObject({ action: 'create', kind: 'database' })
    const unasked = await run('apply')
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('--auto-approve')])
    const applied = await run('apply', '--auto-approve')
    expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining('+ table ')])
    const again = await run('plan')
    expect([again.code, again.stdout]).toEqual([0, 'No changes. Glue is what the contracts say.\n'])
  })
})
