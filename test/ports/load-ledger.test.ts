import { expect, test } from 'vitest'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { damageDocument, openDocuments } from '../support/state-documents.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { load, loadLedgerContract } from './load-ledger.contract.ts'

loadLedgerContract('a state file', async () => {
  const root = await tempFolder()
  const open = async () => new LoadDocuments(await openDocuments(root))
  return { ledger: await open(), reopen: open }
})

loadLedgerContract('an object store', async () => {
  const folder = await tempFolder()
  const open = async () => new LoadDocuments(new ObjectDocuments(new FolderObjects(folder)))
  return { ledger: await open(), reopen: open }
})

test('a load that is no load is never passed over', async () => {
  const root = await tempFolder()
  const ledger = new LoadDocuments(await openDocuments(root))
  await ledger.save(load('a', '2026-03-02T08:00:00.000Z'))
  damageDocument(root, 'loads/a')
  await expect(ledger.all()).rejects.toMatchObject({ code: 'run/damaged' })
})
