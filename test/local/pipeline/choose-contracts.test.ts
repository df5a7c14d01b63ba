import { expect, test } from 'vitest'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { chooseContracts } from '../../../local/contracts/choose-contracts.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { writeState } from '../../../local/state/state-file.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const source = (name: string): SourceTable => ({
  schema: 'shop',
  name,
  oid: 1,
  key: ['id'],
  replicaIdentity: 'default',
  isPartitioned: false,
  columns: [
    {
      name: 'id',
      position: 1,
      type: 'integer',
      typeOid: 23,
      baseTypeOid: 23,
      typeModifier: -1,
      kind: 'base',
      notNull: true,
      isGenerated: false,
    },
  ],
})

test('G7 what was inferred once is forgotten when its contract is written: without it a start is refused', async () => {
  const options = { system: 'shop', folder: runFolder(await tempFolder()) }
  const tables = [source('people'), source('items')]
  const chosen = async (sources: readonly SourceTable[], written: readonly Table[]) =>
    (await chooseContracts(sources, written, options)).contracts
  const inferred = await chosen(tables, [])
  await writeState(options.folder, ({ catalog }) => catalog.registerTables(inferred.map(catalogTable)))
  expect(await chosen(tables, [])).toEqual(inferred)

  const written = { ...inferTable(source('people'), { system: 'shop' }), description: 'Written' }
  expect(await chosen(tables, [written])).toEqual([written, inferred[1]])
  await expect(chooseContracts(tables, [], options)).rejects.toMatchObject({ code: 'run/contract-missing' })
  expect(await chosen([source('items')], [])).toEqual([inferred[1]])
})

test('of two tables with one lake name the one that was followed keeps it, and the newcomer is left out', async () => {
  const options = { system: 'shop', folder: runFolder(await tempFolder()) }
  const chosen = async (names: readonly string[], written: readonly Table[] = []) => {
    const { contracts, leftOut } = await chooseContracts(names.map(source), written, options)
    return [
      contracts.map((table) => table.source.table),
      leftOut.map(({ table, code }) => `${table} ${code}`),
    ]
  }
  /* At first the one whose name it is, whatever comes first; its history is a table, too. */
  const newcomers = ['shop.items_history contract/invalid', 'shop.Items contract/invalid']
  expect(await chosen(['Items', 'items', 'items_history'])).toEqual([['shop.items'], newcomers])
  expect(await chosen(['Orders'])).toEqual([['shop.Orders'], []])
  expect(await chosen(['Orders', 'items', 'orders'])).toEqual([
    ['shop.Orders', 'shop.items'],
    ['shop.orders contract/invalid'],
  ])
  const renamed = { ...inferTable(source('orders'), { system: 'shop' }), name: 'shop.new_orders' }
  expect(await chosen(['Orders', 'orders'], [renamed])).toEqual([['shop.Orders', 'shop.orders'], []])
})

test('a table that no contract can be inferred for is left out, and the others are not', async () => {
  const options = { system: 'shop', folder: runFolder(await tempFolder()) }
  const odd = { ...source('odd'), key: ['gone'] }
  expect(await chooseContracts([odd, source('items')], [], options)).toMatchObject({
    contracts: [{ source: { table: 'shop.items' } }],
    leftOut: [{ table: 'shop.odd', code: 'source/no-primary-key', fix: [{ kind: 'step' }] }],
  })
})
