import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileCatalog } from '../../local/stores/file-catalog.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { catalogContract } from './catalog.contract.ts'

catalogContract('a file', async () => {
  const path = join(await tempFolder(), 'deep', 'catalog.json')
  return { catalog: new FileCatalog(path), reopen: async () => new FileCatalog(path) }
})

test('a file that is no catalog, or cannot be read, is never taken for an empty one', async () => {
  const folder = await tempFolder()
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return new FileCatalog(join(folder, name))
  }
  for (const [catalog, code] of [
    [await write('cut.json', '{"format":1,"entr'), 'run/damaged'],
    [await write('other.json', '{"format":3,"entries":[]}'), 'run/bad-folder'],
    [await write('empty.json', ''), 'run/damaged'],
  ] as const) {
    await expect(catalog.entries()).rejects.toMatchObject({ code })
    await expect(catalog.registerTables([])).rejects.toMatchObject({ code })
  }
  await mkdir(join(folder, 'folder.json'))
  await expect(new FileCatalog(join(folder, 'folder.json')).entries()).rejects.toThrow('EISDIR')
})
