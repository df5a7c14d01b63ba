import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ObjectLoadLedger } from '../../aws/s3/object-load-ledger.ts'
import { FolderLoadLedger } from '../../local/state/folder-load-ledger.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { loadLedgerContract } from './load-ledger.contract.ts'

const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

/* The second writes what a file that is large would: a journal. */
for (const [name, wholeBytes] of [
  ['a folder', undefined],
  ['a folder of journals', 0],
] as const)
  loadLedgerContract(name, async () => {
    const folder = join(await tempFolder(), 'loads')
    const open = () => {
      const made = new FolderLoadLedger(folder, wholeBytes)
      opened.push(made)
      return made
    }
    return { ledger: open(), reopen: async () => open() }
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
