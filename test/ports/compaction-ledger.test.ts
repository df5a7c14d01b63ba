import { expect, test } from 'vitest'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { openDocuments } from '../support/state-documents.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { compactionLedgerContract } from './compaction-ledger.contract.ts'

compactionLedgerContract('a state file', async () => {
  const root = await tempFolder()
  const open = async () => new CompactionDocuments(await openDocuments(root))
  return { ledger: await open(), reopen: open }
})

compactionLedgerContract('an object store', async () => {
  const folder = await tempFolder()
  const open = async () => new CompactionDocuments(new ObjectDocuments(new FolderObjects(folder)))
  return { ledger: await open(), reopen: open }
})

test('an object that is no record is named', async () => {
  const objects = new FolderObjects(await tempFolder())
  await objects.put('state/compaction/w.shifts.v1.json', Buffer.from('{"format":2}'))
  const reading = new CompactionDocuments(new ObjectDocuments(objects)).read('w.shifts', 1)
  await expect(reading).rejects.toMatchObject({
    code: 'objects/corrupt',
    message: 'state/compaction/w.shifts.v1.json',
  })
})
