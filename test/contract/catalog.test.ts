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
  for (const catalog of [
    await write('cut.json', '{"format":1,"entr'),
    await write('other.json', '{"format":3,"entries":[]}'),
    await write('empty.json', ''),
  ]) {
    await expect(catalog.entries()).rejects.toMatchObject({ code: 'run/bad-folder' })
    await expect(catalog.registerTables([])).rejects.toMatchObject({ code: 'run/bad-folder' })
  }
  await mkdir(join(folder, 'folder.json'))
  await expect(new FileCatalog(join(folder, 'folder.json')).entries()).rejects.toThrow('EISDIR')
})
