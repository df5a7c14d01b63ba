import { rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, syncFolder } from '../../engine/files/durable.ts'

/** Keeps a file or folder of a run folder below its `damaged/`, durably; one that is not there is none. */
export async function moveAside(root: string, name: string, at = new Date().toISOString()): Promise<void> {
  const path = join(root, name)
  if ((await stat(path).catch(() => undefined)) === undefined) return
  const target = join(root, 'damaged', at.replace(/[:.]/g, '-'), name)
  await makeFolder(dirname(target))
  await rename(path, target)
  /* First where it is now: cut off in between, it is in both places and not in neither. */
  await syncFolder(dirname(target))
  await syncFolder(dirname(path))
}
