import { createHash } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { onTestFinished } from 'vitest'

/** What of a folder would outlive a power cut: it watches what reaches the disk, of every file handle of this process. */
export interface Disk {
  /**
   * What a power cut now would take: files whose content is another than at their last sync, and names that their folder
   * did not have at its own. Relative to the folder, sorted.
   */
  lost(): Promise<readonly string[]>
  /** A sync of a folder that is to come fails, as of a disk that is gone: the next one is number 1. */
  refuseSync(folder: string, number: number): void
}

/**
 * Watches a folder until the test is over. Files of these names may be behind: they say so themselves. A removal that did not
 * reach the disk is none of what is lost: the file is there again.
 */
export async function watchDisk(root: string, behind: readonly string[] = []): Promise<Disk> {
  const probe = await open(root, 'r')
  const handles: FileHandle = Object.getPrototypeOf(probe)
  await probe.close()
  const { sync, datasync } = handles
  const synced = new Map<number, string>()
  const refused = new Map<string, number>()
  const note = async (handle: FileHandle) => {
    const { ino } = await handle.stat()
    const path = await pathOf(root, ino)
    if (path === undefined) return
    const left = (refused.get(path) ?? 0) - 1
    refused.set(path, left)
    if (left === 0) throw Object.assign(new Error('the disk is gone'), { code: 'EIO' })
    synced.set(ino, await stateOf(path))
  }
  handles.sync = async function (this: FileHandle) {
    await note(this)
    await sync.call(this)
  }
  handles.datasync = async function (this: FileHandle) {
    await note(this)
    await datasync.call(this)
  }
  onTestFinished(() => {
    Object.assign(handles, { sync, datasync })
  })
  return {
    refuseSync: (folder, number) => {
      refused.set(folder, number)
    },
    lost: async () => {
      const lost: string[] = []
      for (const path of await everything(root)) {
        const { ino } = await lstat(path)
        const now = await stateOf(path)
        const kept = synced.get(ino)
        if (kept === now || behind.some((name) => path.endsWith(`/${name}`))) continue
        if (!(await lstat(path)).isDirectory()) lost.push(`content of ${relative(root, path)}`)
        else lost.push(...newNames(kept, now).map((name) => relative(root, join(path, name))))
      }
      return lost.sort()
    },
  }
}

function newNames(kept = '', now: string): readonly string[] {
  const known = new Set(kept.split('\n'))
  return now.split('\n').flatMap((entry) => (known.has(entry) ? [] : (entry.split('\0')[0] ?? [])))
}

/* The bytes of a file; the names in a folder, and which file each is of. */
async function stateOf(path: string): Promise<string> {
  if (!(await lstat(path)).isDirectory())
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  const names = await readdir(path)
  const entries = names.toSorted().map(async (name) => `${name}\0${(await lstat(join(path, name))).ino}`)
  return (await Promise.all(entries)).join('\n')
}

async function everything(root: string): Promise<readonly string[]> {
  return [root, ...(await readdir(root, { recursive: true })).map((name) => join(root, name))]
}

async function pathOf(root: string, ino: number): Promise<string | undefined> {
  for (const path of await everything(root)) {
    const found = await lstat(path).catch(() => undefined)
    if (found?.ino === ino) return path
  }
  return undefined
}
