import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import { checkJsonFile } from '../documents/json-file.ts'
import { refuseOldForm } from '../state/refuse-old-form.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { readState } from '../state/state-file.ts'
import { missingFiles, stateFiles } from './inventory.ts'

/** The name of the state file within its folder. */
export const STATE_FILE = 'state.db'

/** A state file that is not what it should be. */
export interface Damage {
  /** Within the folder; a document of the state file is below it, `state.db/proofs`. */
  readonly name: string
  readonly state: 'missing' | 'damaged'
}

/**
 * The state files of a folder that are gone, or hold other bytes than were written, and what of `state.db` does: documents,
 * the catalog and the ledger; raw pages and quarantine are looked at by who reads them. Writes nothing, and may be called beside
 * the process that runs. Throws `run/bad-folder` for a folder of before its state was items. Reads every item of catalog and ledger.
 */
export async function examineFolder(folder: RunFolder): Promise<readonly Damage[]> {
  await refuseOldForm(folder.root)
  const damaged: Damage[] = []
  const there = await stateFiles(folder)
  for (const name of ['inventory.json', 'status.json', ...there])
    if (name.endsWith('.json') && !(await isSound(join(folder.root, name))))
      damaged.push({ name, state: 'damaged' })
  if (there.includes(STATE_FILE)) damaged.push(...(await damagedItems(folder)))
  const isReadable = damaged.every(({ name }) => name !== 'inventory.json')
  const missing = new Set(isReadable ? await missingFiles(folder) : [])
  /* Without an inventory to say so: a lake that nobody can read. */
  const names = await readdir(folder.root).catch((): string[] => [])
  if (names.includes('lake') && !names.includes(STATE_FILE)) missing.add(STATE_FILE)
  return [...damaged, ...[...missing].sort().map((name) => ({ name, state: 'missing' as const }))]
}

async function damagedItems(folder: RunFolder): Promise<readonly Damage[]> {
  try {
    return await readState(folder, async ({ documents, catalog, ledger }) => {
      const names = [...(await documents.damaged())]
      for (const [name, items] of Object.entries({ catalog: catalog.items, ledger })) {
        const { done: isWhole } = await items.damaged().next()
        if (isWhole !== true) names.push(name)
      }
      return names.map((name) => ({ name: `${STATE_FILE}/${name}`, state: 'damaged' }))
    })
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'run/damaged')
      return [{ name: STATE_FILE, state: 'damaged' }]
    throw error
  }
}

async function isSound(path: string): Promise<boolean> {
  try {
    await checkJsonFile(path)
    return true
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'run/damaged') return false
    throw error
  }
}
