import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, lutimes, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { folderHolder, lockFolder } from '../../../local/pipeline/folder-lock.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const refused = { code: 'run/locked' }

/** Another process that takes the folder and then does what `then` says. */
async function otherProcess(folder: string, then: string, first = ''): Promise<ChildProcess> {
  const module = new URL('../../../local/pipeline/folder-lock.ts', import.meta.url).href
  const script = `import { writeSync } from 'node:fs'
    ${first}
    const { lockFolder } = await import(${JSON.stringify(module)})
    await lockFolder(${JSON.stringify(folder)})
    writeSync(1, 'locked')
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

/* Longer than a lock waits for an answer: everything of this process is late then. */
function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_100)
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
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)))
    const held = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(held).toHaveLength(1)
    for (const lock of held) await lock.release()
  })

  test('is of the folder, not of what a process takes for its temporary one', async () => {
    const folder = await tempFolder()
    await mkdir(join(folder, 'tmp'))
    const child = await otherProcess(
      folder,
      'setInterval(() => undefined, 1_000)',
      `process.env.TMPDIR = ${JSON.stringify(join(folder, 'tmp'))}`,
    )
    await expect(lockFolder(folder)).rejects.toMatchObject(refused)
    expect(await folderHolder(folder)).toBe(child.pid)
    expect((await lstat(join(folder, 'lock'))).mode & 0o777).toBe(0o600)
  })

  test('is held once in a folder whose name is longer than that of a socket may be', async () => {
    const folder = join(await tempFolder(), 'a'.repeat(120), 'b'.repeat(120))
    await mkdir(folder, { recursive: true })
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject(refused)
    expect(await folderHolder(folder)).toBe(process.pid)
    await lock.release()
    expect(await readdir(folder)).toEqual([])
    await (await lockFolder(folder)).release()
  })

  test('takes the place of what is no lock, and leaves nothing of a guard that died', async () => {
    const folder = await tempFolder()
    await writeFile(join(folder, 'lock'), 'copied by a tool that knows no sockets')
    await symlink('1', join(folder, 'lock.taking'))
    await lutimes(join(folder, 'lock.taking'), 1, 1)
    const lock = await lockFolder(folder)
    expect(await folderHolder(folder)).toBe(process.pid)
    expect(await readdir(folder)).toEqual(['lock'])
    await lock.release()
    expect(await readdir(folder)).toEqual([])
  })

  test('is held by a process that is too busy to answer', async () => {
    const folder = await tempFolder()
    /* It holds the folder when it says so, and answers nothing from then on. */
    await otherProcess(folder, 'for (;;);')
    await expect(lockFolder(folder)).rejects.toMatchObject(refused)
  })

  test('is held, for a process that was itself too busy to hear the answer', async () => {
    const folder = await tempFolder()
    const lock = await lockFolder(folder)
    const asked = folderHolder(folder)
    stall()
    expect(await asked).toBeDefined()
    await lock.release()
  })
})
