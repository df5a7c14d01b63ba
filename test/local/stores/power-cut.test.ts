import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFile, makeFolder, replaceFile } from '../../../engine/files/durable.ts'
import { JsonDocument } from '../../../local/documents/json-document.ts'
import { FrameLog } from '../../../local/logs/frame-log.ts'
import { noteAcknowledged } from '../../../local/state/acknowledged.ts'
import { FolderFiles } from '../../../local/stores/folder-files.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { moveAside } from '../../../local/stores/move-aside.ts'
import { watchDisk } from '../../support/power-cut.ts'
import { tempFolder } from '../../support/temp-folder.ts'

/* Of a log that is open: `LogHead` says that it may be behind. */
const HEAD = ['head']

const frame = (text: string) => ({ header: null, content: Buffer.from(text) })

function closing<T extends { close(): Promise<void> }>(store: T): T {
  onTestFinished(() => store.close())
  return store
}

type Store = (root: string) => Promise<readonly (() => Promise<unknown>)[]>

/* The calls of each store after which everything in the folder is on disk. SQLite syncs its own file: test/local/sqlite. */
const stores: Readonly<Record<string, Store>> = {
  'a frame log': async (root) => {
    const log = closing(await FrameLog.open(join(root, 'log'), 'write', () => null, 60))
    return ['first', 'the same segment', 'the next'].map((text) => () => log.append([frame(text)]))
  },
  'a folder': async (root) => [() => makeFolder(join(root, 'a/b/c'))],
  'a file that is replaced': async (root) =>
    ['one', 'two'].map((text) => () => replaceFile(join(root, 'file'), [Buffer.from(text)])),
  'a file that is made once': async (root) =>
    ['one', 'two'].map((text) => () => createFile(join(root, 'file'), [Buffer.from(text)])),
  'a file that is moved aside': async (root) => {
    await replaceFile(join(root, 'state.json'), [Buffer.from('{')])
    return [() => moveAside(root, 'state.json')]
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
  'a document': async (root) => {
    const document = closing(new JsonDocument(join(root, 'folder/state.json'), 40))
    const value = { small: 'x'.repeat(100), n: 1 }
    return [
      () => document.write({ n: 0 }),
      () => document.write(value),
      () => document.edit({ ...value, n: 2 }, [{ at: ['n'], value: 2 }]),
    ]
  },
  'what was acknowledged': async (root) =>
    [1n, 2n].map((lsn) => () => noteAcknowledged(join(root, 'acknowledged.json'), lsn)),
}

describe('G10 a power cut takes nothing of what was said to be durable', () => {
  test.each(Object.entries(stores))('by %s', async (_, open) => {
    const root = await tempFolder()
    const disk = await watchDisk(root, HEAD)
    const calls = await open(root)
    for (const [number, call] of calls.entries()) {
      await call()
      expect([number, await disk.lost()]).toEqual([number, []])
    }
  })

  test('by a log that was closed, and its head says how far it reaches', async () => {
    const root = await tempFolder()
    const disk = await watchDisk(root)
    const log = await FrameLog.open(join(root, 'log'), 'write', () => null)
    await log.append([frame('a')])
    expect(await disk.lost()).toEqual(['content of log/head'])
    await log.close()
    expect(await disk.lost()).toEqual([])
  })
})

test('the disk of these tests tells what was not synced', async () => {
  const root = await tempFolder()
  await mkdir(join(root, 'made'))
  const disk = await watchDisk(root)
  await writeFile(join(root, 'made/file'), 'x')
  expect(await disk.lost()).toEqual(['content of made/file', 'made', 'made/file'])
})
