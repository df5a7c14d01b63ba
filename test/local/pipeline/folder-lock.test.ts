import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { folderHolder, lockFolder } from '../../../local/pipeline/folder-lock.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const refused = { code: 'run/locked' }

/** Another process that takes the folder and then does what `then` says. */
async function otherProcess(folder: string, then: string): Promise<ChildProcess> {
  const module = new URL('../../../local/pipeline/folder-lock.ts', import.meta.url).href
  const script = `const { lockFolder } = await import(${JSON.stringify(module)})
    await lockFolder(${JSON.stringify(folder)})
    process.stdout.write('locked')
    ${then}`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout ?? child, 'data')
  return child
}

describe('the lock of a folder', () => {
  test('is held once, by whatever name the folder goes, and free again when released', async () => {
    const folder = await tempFolder()
    const lock = await lockFolder(folder)
    expect(await folderHolder(folder)).toBe(process.pid)
    await symlink(folder, `${folder}-link`)
    for (const name of [folder, `${folder}/`, `${folder}-link`])
      await expect(lockFolder(name)).rejects.toMatchObject(refused)
    await lock.release()
    expect(await folderHolder(folder)).toBeUndefined()
    const again = await lockFolder(folder)
    await again.release()
  })

  test('is of one folder: another one is free', async () => {
    const folder = await tempFolder()
    await mkdir(join(folder, 'a'))
    const locks = await Promise.all([lockFolder(folder), lockFolder(join(folder, 'a'))])
    await Promise.all(locks.map((lock) => lock.release()))
  })

  test('goes to one of many that want it at once', async () => {
    const folder = await tempFolder()
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)))
    const held = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(held).toHaveLength(1)
    for (const lock of held) await lock.release()
  })

  test('G10 ends with its process, by kill -9 too', async () => {
    const folder = await tempFolder()
    const child = await otherProcess(folder, 'setInterval(() => undefined, 1_000)')
    expect(await folderHolder(folder)).toBe(child.pid)
    await expect(lockFolder(folder)).rejects.toMatchObject(refused)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => lockFolder(folder)))
    const held = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(held).toHaveLength(1)
    for (const lock of held) await lock.release()
  })

  test('is held by a process that is too busy to answer', async () => {
    const folder = await tempFolder()
    await otherProcess(folder, `setTimeout(() => { for (;;); }, 10)`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await expect(lockFolder(folder)).rejects.toMatchObject(refused)
  })
})
