import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { ItemDocuments } from '../../local/documents/item-documents.ts'
import { writeJsonFile } from '../../local/documents/json-file.ts'
import { SqliteFile } from '../../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../../local/sqlite/sqlite-items.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { readDocuments } from '../../local/state/state-file.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { damageDocument, openDocuments, writeDocuments } from '../support/state-documents.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { documentsContract } from './documents.contract.ts'

documentsContract('a state file', async () => {
  const root = await tempFolder()
  const reopen = () => openDocuments(root)
  return { documents: await reopen(), reopen, badForm: 'run/bad-folder' }
})

documentsContract('an object store', async () => {
  const folder = await tempFolder()
  const open = () => new ObjectDocuments(new FolderObjects(folder))
  return { documents: open(), reopen: async () => open(), badForm: 'objects/corrupt' }
})

test('a step of one part of many writes that part alone', async () => {
  const file = await SqliteFile.open(join(await tempFolder(), 'state.db'))
  onTestFinished(() => file.close())
  const codes = { unavailable: 'ledger/unavailable', damaged: 'run/damaged' } as const
  const items = new SqliteItems(file, 'documents', codes)
  const written: number[] = []
  const write = items.write.bind(items)
  items.write = (writes) => {
    written.push(writes.length)
    return write(writes)
  }
  const documents = new ItemDocuments(items)
  const parts = Array.from({ length: 50 }, (_, n) => ({ n }))
  await documents.put('loads/a', { id: 'a', tables: parts }, 'tables')
  await documents.put('loads/a', { id: 'a', tables: parts.with(7, { n: 700 }) }, 'tables')
  /* With the document itself. */
  expect(written).toEqual([51, 2])
})

test('after a put whose answer was lost a part that is as before is written again', async () => {
  const file = await SqliteFile.open(join(await tempFolder(), 'state.db'))
  onTestFinished(() => file.close())
  const codes = { unavailable: 'ledger/unavailable', damaged: 'run/damaged' } as const
  const items = new SqliteItems(file, 'documents', codes)
  const documents = new ItemDocuments(items)
  const before = { id: 'a', tables: [{ n: 1 }, { n: 2 }] }
  await documents.put('loads/a', before, 'tables')
  const write = items.write.bind(items)
  items.write = async (writes) => {
    await write(writes)
    throw new Error('the answer is lost')
  }
  await expect(documents.put('loads/a', { id: 'a', tables: [{ n: 10 }] }, 'tables')).rejects.toThrow('lost')
  items.write = write
  await documents.put('loads/a', before, 'tables')
  expect(await documents.get('loads/a', z.unknown())).toEqual(before)
})

test('a state file that is lost is not read as an empty one, and a folder that never had one is', async () => {
  const root = await tempFolder()
  const keys = () => readDocuments(runFolder(root), (documents) => documents.list(''))
  expect(await keys()).toEqual([])
  await writeJsonFile(runFolder(root).inventory, { format: 1, files: ['state.db'] })
  await expect(keys()).rejects.toMatchObject({
    code: 'run/damaged',
    message: expect.stringContaining('state.db is missing'),
  })
})

test('a document with other bytes than were written is named, is kept as it is and taken out with its parts', async () => {
  const root = await tempFolder()
  await writeDocuments(root, async (documents) => {
    await documents.put('loads/a', { id: 1, tables: [{ n: 1 }, { n: 2 }] }, 'tables')
    await documents.put('loads/b', { id: 1 })
  })
  damageDocument(root, 'loads/a')
  const documents = await openDocuments(root)
  expect(await documents.damaged()).toEqual(['loads/a'])
  await expect(documents.get('loads/a', z.unknown())).rejects.toMatchObject({ code: 'run/damaged' })
  expect(await documents.asFound('loads/a')).toHaveLength(3)
  await documents.takeOut('loads/a')
  expect(await documents.damaged()).toEqual([])
  expect(await documents.get('loads/a', z.unknown())).toBeUndefined()
  expect(await documents.list('loads/')).toEqual(['loads/b'])
  await documents.put('loads/a', { id: 2, tables: [{ n: 3 }] }, 'tables')
  expect(await documents.get('loads/a', z.unknown())).toEqual({ id: 2, tables: [{ n: 3 }] })
})
