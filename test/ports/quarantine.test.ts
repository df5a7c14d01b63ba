import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type QuarantineUnderTest, quarantineContract } from './quarantine.contract.ts'

quarantineContract('a folder', async () => underTest(join(await tempFolder(), 'quarantine')))

async function openQuarantine(folder: string): Promise<FolderQuarantine> {
  const quarantine = await FolderQuarantine.open(folder)
  onTestFinished(() => quarantine.close())
  return quarantine
}

async function underTest(folder: string): Promise<QuarantineUnderTest> {
  return {
    quarantine: await openQuarantine(folder),
    reopen: () => underTest(folder),
    holds: async (text) => {
      const parent = join(folder, '..')
      const files = await readdir(parent, { recursive: true, withFileTypes: true })
      const contents = files
        .filter((file) => file.isFile())
        .map(({ parentPath, name }) => readFile(join(parentPath, name)))
      return (await Promise.all(contents)).some((bytes) => bytes.includes(text))
    },
  }
}

test('G10 a folder whose purge was cut off has every entry that waits, wherever it was cut off', async () => {
  const entry = {
    id: 'a',
    stage: 'format',
    table: 'a.t',
    contract: null,
    position: null,
    reasons: [],
    payload: '{}',
    encoding: 'json',
  } as const
  const cuts: readonly ((folder: string) => Promise<unknown>)[] = [
    /* A draft that was begun. */
    (folder) => mkdir(`${folder}.draft`),
    /* The new log is whole; the old one is there, half gone, gone. */
    (folder) => cp(folder, `${folder}.next`, { recursive: true }),
    async (folder) => {
      await rename(folder, `${folder}.next`)
      await mkdir(folder)
    },
    (folder) => rename(folder, `${folder}.next`),
  ]
  for (const cut of cuts) {
    const folder = join(await tempFolder(), 'quarantine')
    const before = await openQuarantine(folder)
    await before.put([entry])
    await cut(folder)
    const after = await openQuarantine(folder)
    expect([...after.countByTable()]).toEqual([['a.t', 1]])
    await after.purge()
    expect([...after.countByTable()]).toEqual([['a.t', 1]])
    expect(await readdir(join(folder, '..'))).toEqual(['quarantine'])
    await rm(folder, { recursive: true })
  }
})
