import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inferTable } from '../../../core/contract/infer-table.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { chooseContracts } from '../../../local/pipeline/choose-contracts.ts'
import type { SourceTable } from '../../../local/replicator/source-catalog.ts'
import { FileCatalog } from '../../../local/stores/file-catalog.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const source = (name: string): SourceTable => ({
  ...{ schema: 'shop', name, oid: 1, key: ['id'], replicaIdentity: 'default', identityIndex: [] },
  isPartitioned: false,
  columns: [
    {
      ...{ name: 'id', position: 1, type: 'integer', typeOid: 23, baseTypeOid: 23, typeModifier: -1 },
      ...{ kind: 'base', notNull: true, isGenerated: false },
    },
  ],
})

test('G7 what was inferred once is forgotten when its contract is written: without it a start is refused', async () => {
  const folder = await tempFolder()
  const options = {
    system: 'shop',
    folder: { contracts: join(folder, 'contracts.json'), catalog: join(folder, 'catalog.json') },
  }
  const tables = [source('people'), source('items')]
  const inferred = await chooseContracts(tables, [], options)
  await new FileCatalog(options.folder.catalog).registerTables(inferred.map(catalogTable))
  expect(await chooseContracts(tables, [], options)).toEqual(inferred)

  const written = { ...inferTable(source('people'), { system: 'shop' }), description: 'Written' }
  expect(await chooseContracts(tables, [written], options)).toEqual([written, inferred[1]])
  await expect(chooseContracts(tables, [], options)).rejects.toMatchObject({ code: 'run/contract-missing' })
  expect(await chooseContracts([source('items')], [], options)).toEqual([inferred[1]])
})
