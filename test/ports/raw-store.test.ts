import { DatabaseSync } from '@photostructure/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { runFolder } from '../../local/state/run-folder.ts'
import { StateFile } from '../../local/state/state-file.ts'
import { FolderRawStore } from '../../local/stores/folder-raw-store.ts'
import { damageItem } from '../support/state-documents.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { listed, page, type RawStoreUnderTest, rawStoreContract } from './raw-store.contract.ts'

rawStoreContract('a folder', async () => underTest(await tempFolder()))

async function openStore(folder: string): Promise<FolderRawStore> {
  const state = await StateFile.open(runFolder(folder))
  onTestFinished(() => state.close())
  return FolderRawStore.in(state)
}

async function underTest(folder: string): Promise<RawStoreUnderTest> {
  const store = await openStore(folder)
  return { store, reopen: () => underTest(folder), feed: () => feedOf(store) }
}

async function feedOf(store: FolderRawStore): Promise<readonly string[]> {
  const keys: string[] = []
  for (let fed = await store.next(0); fed !== undefined; fed = await store.next(fed.offset))
    keys.push(fed.page.key)
  return keys
}

test('a folder that cannot be written rejects the put as raw/unavailable and takes the page when it can', async () => {
  const folder = await tempFolder()
  const store = await openStore(folder)
  /* Another one holds it for writing, as a process that came by mistake would. */
  const other = new DatabaseSync(runFolder(folder).items)
  onTestFinished(() => other.close())
  other.exec(`CREATE TRIGGER full BEFORE INSERT ON raw BEGIN SELECT RAISE(ABORT, 'no room'); END`)
  const one = await page('a.t', 1)
  await expect(store.put([one])).rejects.toMatchObject({ code: 'raw/unavailable' })
  expect(store.length).toBe(0)
  expect(store.captured('a.t')).toEqual({ changes: 0, through: null })
  other.exec('DROP TRIGGER full')
  await store.put([one])
  expect(await listed(await openStore(folder), 'a.t')).toEqual([one])
  expect(store.captured('a.t')).toEqual({ changes: 1, through: one.lastPosition })
})

test('a page of other bytes than were written is raw/corrupt and named, the others are given', async () => {
  const folder = await tempFolder()
  const state = await StateFile.open(runFolder(folder))
  const first = await FolderRawStore.in(state)
  const pages = [await page('a.t', 1), await page('a.t', 2)]
  for (const one of pages) await first.put([one])
  await state.close()
  damageItem(folder, { table: 'raw', bytes: true })
  const store = await openStore(folder)
  await expect(store.next(0)).rejects.toMatchObject({ code: 'raw/corrupt' })
  expect((await store.next(1))?.page).toEqual(pages[1])
  const damaged = []
  for await (const { key } of store.damaged()) damaged.push(key)
  expect(damaged).toEqual([pages[0]?.key])
})

test('a folder gives the newest pages of a table first', async () => {
  const store = await openStore(await tempFolder())
  const pages = await Promise.all([1, 2, 3].map((at) => page('a.t', at)))
  await store.put([...pages, await page('a.u', 9)])
  const keys: string[] = []
  for await (const { key } of store.newestFirst('a.t')) keys.push(key)
  expect(keys).toEqual(pages.map(({ key }) => key).toReversed())
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

test('a folder counts the changes of each table, a page once, over a restart and made anew of the pages', async () => {
  const folder = await tempFolder()
  const store = await openStore(folder)
  const last = await page('a.t', 2, 2)
  await store.put([await page('a.t', 1, 3), last, await page('a.u', 1)])
  await Promise.all([store.put([last]), store.put([last])])
  const sums = [
    ['a.t', 5],
    ['a.u', 1],
  ]
  const again = await openStore(folder)
  expect([...again.changesByTable()]).toEqual(sums)
  expect(again.captured('a.t').through).toBe(last.lastPosition)
  expect(again.highest).toBe(last.lastPosition)
  expect([...(await again.changesBehind(1))]).toEqual([
    ['a.t', 2],
    ['a.u', 1],
  ])
  await again.recount()
  expect([...(await openStore(folder)).changesByTable()]).toEqual(sums)
})
