import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FolderMaskKeys, keyFault } from '../../local/stores/folder-mask-keys.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { maskKeysContract } from './mask-keys.contract.ts'

function keysIn(folder: string, isUsed = false): FolderMaskKeys {
  return new FolderMaskKeys({
    key: join(folder, 'keys', 'mask.hex'),
    check: join(folder, 'mask-check.json'),
    isUsed: () => Promise.resolve(isUsed),
  })
}

const changed = { code: 'run/mask-key-changed' }

maskKeysContract('a folder', async () => {
  const folder = await tempFolder()
  return { keys: keysIn(folder), reopen: async () => keysIn(folder) }
})

test('G7 only the owner can read the file of the key, and the check value does not tell it', async () => {
  const folder = await tempFolder()
  const key = await keysIn(folder).current()
  expect((await stat(join(folder, 'keys', 'mask.hex'))).mode & 0o077).toBe(0)
  expect((await stat(join(folder, 'keys'))).mode & 0o077).toBe(0)
  expect(await readFile(join(folder, 'mask-check.json'), 'utf8')).not.toContain(
    Buffer.from(key).toString('hex'),
  )
})

test('G5 a file that holds no key, or cannot be read, is never replaced by another key', async () => {
  const folder = await tempFolder()
  await mkdir(join(folder, 'keys'))
  const path = join(folder, 'keys', 'mask.hex')
  for (const text of ['', 'abcd\n', 'not a key'.repeat(10)]) {
    await writeFile(path, text)
    await expect(keysIn(folder).current()).rejects.toMatchObject(changed)
    expect(await readFile(path, 'utf8')).toBe(text)
  }
  await rm(path)
  await mkdir(path)
  await expect(keysIn(folder).current()).rejects.toThrow('EISDIR')
})

test('G5 where rows are masked, a key that is gone or another one is refused, and the right one is taken back', async () => {
  const folder = await tempFolder()
  const path = join(folder, 'keys', 'mask.hex')
  const key = await keysIn(folder).current()
  const text = await readFile(path, 'utf8')
  await rm(path)
  await expect(keysIn(folder, true).current()).rejects.toMatchObject(changed)
  await writeFile(path, `${text[0] === '0' ? '1' : '0'}${text.slice(1)}`)
  await expect(keysIn(folder, true).current()).rejects.toMatchObject(changed)
  await writeFile(path, text)
  expect(await keysIn(folder, true).current()).toEqual(key)
})

test('G5 another key than the first one of the folder is refused also where nothing is masked yet, and its check value stays', async () => {
  const folder = await tempFolder()
  const paths = { key: join(folder, 'keys', 'mask.hex'), check: join(folder, 'mask-check.json') }
  expect(await keyFault(paths)).toBeUndefined()
  const key = await keysIn(folder).current()
  expect(await keyFault(paths)).toBeUndefined()
  const [text, check] = await Promise.all([readFile(paths.key, 'utf8'), readFile(paths.check, 'utf8')])
  await writeFile(paths.key, `${text[0] === '0' ? '1' : '0'}${text.slice(1)}`)
  await expect(keysIn(folder).current()).rejects.toMatchObject(changed)
  expect(await keyFault(paths)).toBe('is another key than the one of the folder')
  await writeFile(paths.key, 'no key')
  expect(await keyFault(paths)).toBe('does not hold a masking key')
  expect(await readFile(paths.check, 'utf8')).toBe(check)
  await writeFile(paths.key, text)
  expect(await keysIn(folder).current()).toEqual(key)
})

test('G5 a key that is gone with its check value is not made anew where rows are masked', async () => {
  const folder = await tempFolder()
  await expect(keysIn(folder, true).current()).rejects.toMatchObject(changed)
  await expect(stat(join(folder, 'keys'))).rejects.toThrow('ENOENT')
})

test('a key of before there were check values is known from then on', async () => {
  const folder = await tempFolder()
  const key = await keysIn(folder).current()
  await rm(join(folder, 'mask-check.json'))
  expect(await keysIn(folder, true).current()).toEqual(key)
  await rm(join(folder, 'keys', 'mask.hex'))
  await expect(keysIn(folder, true).current()).rejects.toMatchObject(changed)
})
