import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { FileCatalog } from '../../local/state/file-catalog.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { catalogContract } from './catalog.contract.ts'

const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

/* The second writes what a file that is large would: a journal. */
for (const [name, options] of [
  ['a file', {}],
  ['a file and its journal', { wholeBytes: 0 }],
  ['a file that nobody else writes', { wholeBytes: 0, isOwn: true }],
] as const)
  catalogContract(name, async () => {
    const path = join(await tempFolder(), 'deep', 'catalog.json')
    const open = () => {
      const made = new FileCatalog(path, options)
      opened.push(made)
      return made
    }
    return { catalog: open(), reopen: async () => open() }
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
