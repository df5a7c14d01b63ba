import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ObjectCompactionLedger } from '../../aws/s3/object-compaction-ledger.ts'
import { FileCompactionLedger } from '../../local/state/file-compaction-ledger.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { compactionLedgerContract } from './compaction-ledger.contract.ts'

compactionLedgerContract('a folder', async () => {
  const folder = join(await tempFolder(), 'compaction')
  return { ledger: new FileCompactionLedger(folder), reopen: () => new FileCompactionLedger(folder) }
})

compactionLedgerContract('an object store', async () => {
  const folder = await tempFolder()
  const open = () => new ObjectCompactionLedger(new FolderObjects(folder))
  return { ledger: open(), reopen: open }
})

test('an object that is no record is named', async () => {
  const objects = new FolderObjects(await tempFolder())
  await objects.put('state/compaction/w.shifts.v1.json', Buffer.from('{"format":2}'))
  const reading = new ObjectCompactionLedger(objects).read('w.shifts', 1)
  await expect(reading).rejects.toMatchObject({
    code: 'objects/corrupt',
    message: 'state/compaction/w.shifts.v1.json',
  })
})
