import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import * as z from 'zod'
import { isErrno } from '../../engine/files/durable.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'
import type { RunFolder } from '../state/run-folder.ts'

const inventoryFile = z.object({ format: z.literal(1), files: z.array(z.string()) })

/* Files of the state that nobody ever takes away once they are there. */
const KEPT = [
  /^state\.db$/,
  /^(?:contracts|drift|meter|tables|acknowledged|mask-check)\.json$/,
  /^keys\/mask\.hex$/,
]
const FOLDERS = ['', 'keys']

/** Names of the state files that are in a folder now. */
export async function stateFiles({ root }: RunFolder): Promise<readonly string[]> {
  const names: string[] = []
  for (const folder of FOLDERS)
    for (const entry of await entriesOf(join(root, folder))) {
      /* A folder may be named in many ways: `.`, with a slash at its end. */
      const name = relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/')
      if (entry.isFile() && KEPT.some((kept) => kept.test(name))) names.push(name)
    }
  return names.sort()
}

/** Writes down which state files there are: from then on each of them must be there. A file that is not in it yet may be lost without a word. */
export async function keepInventory(folder: RunFolder): Promise<void> {
  const files = await stateFiles(folder)
  const before = await readJsonFile(folder.inventory, inventoryFile)
  if (before?.files.join('\n') !== files.join('\n'))
    await writeJsonFile(folder.inventory, { format: 1, files })
}

/**
 * State files that were there and are not; none in a folder of before there were inventories. An inventory that is damaged
 * says nothing, and is one of them.
 */
export async function missingFiles(folder: RunFolder): Promise<readonly string[]> {
  const there = new Set(await stateFiles(folder))
  const known = await readJsonFile(folder.inventory, inventoryFile)
  return (known?.files ?? []).filter((name) => !there.has(name))
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return []
    throw error
  }
}
