import { mkdir, open, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FolderRawStore } from '../../local/stores/folder-raw-store.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { listed, page, type RawStoreUnderTest, rawStoreContract } from './raw-store.contract.ts'

rawStoreContract('a folder', async () => underTest(await tempFolder()))

async function openStore(folder: string): Promise<FolderRawStore> {
  const store = await FolderRawStore.open(folder)
  onTestFinished(() => store.close())
  return store
}

async function underTest(folder: string): Promise<RawStoreUnderTest> {
  const store = await openStore(folder)
  return {
    store,
    reopen: () => underTest(folder),
    feed: async () =>
      Promise.all(Array.from({ length: store.length }, async (_, index) => (await store.page(index)).key)),
  }
}

test('a folder that cannot be written rejects the put as raw/unavailable and takes the page when it can', async () => {
  const folder = await tempFolder()
  const store = await openStore(folder)
  await mkdir(join(folder, '00000001.log'))
  const one = await page('a.t', 1)
  await expect(store.put([one])).rejects.toMatchObject({ code: 'raw/unavailable' })
  expect(store.length).toBe(0)
  await rmdir(join(folder, '00000001.log'))
  await store.put([one])
  expect(await listed(await openStore(folder), 'a.t')).toEqual([one])
})

test('a folder that cannot be read is raw/unavailable, damage in it raw/corrupt', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'file'), '')
  await expect(openStore(join(folder, 'file'))).rejects.toMatchObject({
    code: 'raw/unavailable',
  })
  const store = await openStore(folder)
  await store.put([await page('a.t', 1)])
  await store.put([await page('a.t', 2)])
  const name = '00000001.log'
  const file = await open(join(folder, name), 'r+')
  await file.write(Buffer.from('?'), 0, 1, 200)
  await file.close()
  const damaged = openStore(folder).then((opened) => opened.page(0))
  await expect(damaged).rejects.toMatchObject({ code: 'raw/corrupt' })
})

test('a folder wakes who waits for pages at the next put, and at the signal', async () => {
  const store = await openStore(await tempFolder())
  const stop = new AbortController()
  const grown = store.grown(stop.signal)
  await store.put([await page('a.t', 1)])
  await grown
  const stopped = store.grown(stop.signal)
  stop.abort()
  await stopped
  await store.grown(stop.signal)
})

test('a folder counts the changes of each table', async () => {
  const store = await openStore(await tempFolder())
  await store.put([await page('a.t', 1, 3), await page('a.t', 2, 2), await page('a.u', 1)])
  expect([...store.changesByTable()]).toEqual([
    ['a.t', 5],
    ['a.u', 1],
  ])
})
