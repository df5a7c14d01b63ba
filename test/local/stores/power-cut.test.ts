import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFile, makeFolder, replaceFile } from '../../../engine/files/durable.ts'
import { noteAcknowledged } from '../../../local/state/acknowledged.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { moveAside } from '../../../local/stores/move-aside.ts'
import { watchDisk } from '../../support/power-cut.ts'
import { tempFolder } from '../../support/temp-folder.ts'

type Store = (root: string) => Promise<readonly (() => Promise<unknown>)[]>

/* The calls of each store after which everything in the folder is on disk. SQLite syncs its own file: test/local/sqlite. */
const stores: Readonly<Record<string, Store>> = {
  'a folder': async (root) => [() => makeFolder(join(root, 'a/b/c'))],
  'a file that is replaced': async (root) =>
    ['one', 'two'].map((text) => () => replaceFile(join(root, 'file'), [Buffer.from(text)])),
  'a file that is made once': async (root) =>
    ['one', 'two'].map((text) => () => createFile(join(root, 'file'), [Buffer.from(text)])),
  'a file that is moved aside': async (root) => {
    await replaceFile(join(root, 'meter.json'), [Buffer.from('{')])
    return [() => moveAside(root, 'meter.json')]
  },
  objects: async (root) => {
    const objects = new FolderObjects(root)
    return ['lake/a/1.parquet', 'lake/b/c/1.parquet', 'lake/a/1.parquet'].map(
      (key, index) => () => objects.put(key, Buffer.from(`${index}`)),
    )
  },
  'files of the lake': async (root) => {
    const files = new FolderFiles(new FolderObjects(root), join(root, 'scratch'))
    return [1, 2].map((number) => async () => {
      const path = await files.scratch('made')
      await writeFile(path, `rows ${number}`)
      await files.publish(path, 'lake/a/b/1.parquet')
    })
  },
  'what was acknowledged': async (root) =>
    [1n, 2n].map((lsn) => () => noteAcknowledged(join(root, 'acknowledged.json'), lsn)),
}

describe('G10 a power cut takes nothing of what was said to be durable', () => {
  test.each(Object.entries(stores))('by %s', async (_, open) => {
    const root = await tempFolder()
    const disk = await watchDisk(root)
    const calls = await open(root)
    for (const [number, call] of calls.entries()) {
      await call()
      expect([number, await disk.lost()]).toEqual([number, []])
    }
  })
})

test('the disk of these tests tells what was not synced', async () => {
  const root = await tempFolder()
  await mkdir(join(root, 'made'))
  const disk = await watchDisk(root)
  await writeFile(join(root, 'made/file'), 'x')
  expect(await disk.lost()).toEqual(['content of made/file', 'made', 'made/file'])
})
