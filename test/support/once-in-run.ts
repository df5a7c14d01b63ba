import { access, mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'

const pauseMs = 20
const tries = 9_000

/**
 * The folder of that name, made once for all test files of a run, which only read it. Files that ask while it is made wait for
 * it, three minutes at most; when its making fails, the next that asks tries again.
 */
export async function onceInRun(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(inject('runFolder'), name)
  const turn = `${folder}.turn`
  for (let asked = 0; asked < tries; asked += 1) {
    if (await isThere(folder)) return folder
    if (await takes(turn))
      try {
        /* Another may have made it between the look and the turn. */
        if (!(await isThere(folder))) await makeWhole(folder, make)
        return folder
      } finally {
        await rmdir(turn)
      }
    await sleep(pauseMs)
  }
  throw new Error(`${name} was not made in time`)
}

async function makeWhole(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const draft = `${folder}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o755 })
  await make(draft)
  await rename(draft, folder)
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

const takes = (path: string) =>
  mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
