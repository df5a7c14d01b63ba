import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunFolder } from '../state/run-folder.ts'

const TEMPORARY = /\.[0-9a-f]{12}\.tmp$/
const SCRATCH = /^reconcile-/
const SCRATCH_MS = 3_600_000

/**
 * Removes what a crash left in a folder that this process alone may write: temporary files of replaced files, and
 * scratch folders of reconciles that began more than an hour ago, for one may run beside. PostgreSQL's own files are
 * not looked at.
 */
export async function clearLeftovers({ root, postgres }: RunFolder, now: number): Promise<void> {
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name)
    if (path === postgres) continue
    if (entry.isDirectory() && SCRATCH.test(entry.name)) await removeOld(path, now)
    else if (entry.isDirectory()) await clearFiles(path)
    else if (TEMPORARY.test(entry.name)) await rm(path, { force: true })
  }
}

async function removeOld(folder: string, now: number): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found !== undefined && now - found.mtimeMs > SCRATCH_MS)
    await rm(folder, { recursive: true, force: true })
}

async function clearFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries)
    if (entry.isFile() && TEMPORARY.test(entry.name))
      await rm(join(entry.parentPath, entry.name), { force: true })
}
