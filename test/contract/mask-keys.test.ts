import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FolderMaskKeys } from '../../local/stores/folder-mask-keys.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { maskKeysContract } from './mask-keys.contract.ts'

maskKeysContract('a folder', async () => {
  const path = join(await tempFolder(), 'keys', 'mask.hex')
  return { keys: new FolderMaskKeys(path), reopen: async () => new FolderMaskKeys(path) }
})

test('G7 only the owner can read the file of the key', async () => {
  const folder = join(await tempFolder(), 'keys')
  await new FolderMaskKeys(join(folder, 'mask.hex')).current()
  expect((await stat(join(folder, 'mask.hex'))).mode & 0o077).toBe(0)
  expect((await stat(folder)).mode & 0o077).toBe(0)
})

test('G5 a file that holds no key, or cannot be read, is never replaced by another key', async () => {
  const folder = await tempFolder()
  for (const [name, text] of [
    ['empty', ''],
    ['short', 'abcd\n'],
    ['text', 'not a key'.repeat(10)],
  ] as const) {
    await writeFile(join(folder, name), text)
    await expect(new FolderMaskKeys(join(folder, name)).current()).rejects.toMatchObject({
      code: 'run/bad-folder',
    })
  }
  await mkdir(join(folder, 'folder'))
  await expect(new FolderMaskKeys(join(folder, 'folder')).current()).rejects.toThrow('EISDIR')
})
