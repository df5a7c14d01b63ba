import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ObjectLoadLedger } from '../../aws/s3/object-load-ledger.ts'
import { FolderLoadLedger } from '../../local/loads/folder-load-ledger.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { loadLedgerContract } from './load-ledger.contract.ts'

loadLedgerContract('a folder', async () => {
  const folder = join(await tempFolder(), 'loads')
  return { ledger: new FolderLoadLedger(folder), reopen: async () => new FolderLoadLedger(folder) }
})

loadLedgerContract('an object store', async () => {
  const folder = await tempFolder()
  const open = () => new ObjectLoadLedger(new FolderObjects(folder))
  return { ledger: open(), reopen: async () => open() }
})

test('a file that is no load is never passed over', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'cut.json'), '{"format":1,"id":"a"')
  await expect(new FolderLoadLedger(folder).all()).rejects.toMatchObject({ code: 'run/damaged' })
})
