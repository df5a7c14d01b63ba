import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { objectStoreContract } from './object-store.contract.ts'

objectStoreContract('a folder', async () => new FolderObjects(await tempFolder()))

test('a folder given by a relative path, or with a slash at its end, lists the same keys', async () => {
  const folder = await tempFolder()
  await new FolderObjects(folder).put('a/b', Buffer.from('x'))
  for (const way of [relative(process.cwd(), folder), `${folder}/`, `${folder}/a/..`])
    expect(await new FolderObjects(way).list('')).toEqual(['a/b'])
})

test('a folder neither lists nor gives what a crash left half written, and keeps objects that only end alike', async () => {
  const folder = await tempFolder()
  const objects = new FolderObjects(folder)
  await objects.put('a/b.tmp', Buffer.from('an object'))
  await writeFile(join(folder, 'a', 'b.gz.0123456789ab.tmp'), 'half')
  expect(await objects.list('')).toEqual(['a/b.tmp'])
  expect(() => objects.path('a/b.gz.0123456789ab.tmp')).toThrow(RangeError)
})

test('a folder that cannot be listed says so: it is not the same as an empty one', async () => {
  const folder = await tempFolder()
  await mkdir(join(folder, 'landing'))
  await symlink('loop', join(folder, 'landing', 'loop'))
  await expect(new FolderObjects(folder).list('landing/loop/')).rejects.toThrow('ELOOP')
})

test('a folder leaves no temporary file behind, also when a put fails', async () => {
  const folder = await tempFolder()
  const objects = new FolderObjects(folder)
  await mkdir(join(folder, 'taken'))
  await expect(objects.put('taken', Buffer.from('x'))).rejects.toThrow('EISDIR')
  await objects.put('fine', Buffer.from('x'))
  expect((await readdir(folder)).toSorted()).toEqual(['fine', 'taken'])
})
