import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Makes a folder that only its owner can enter, or with another mode, durably, with the folders above it. */
export async function makeFolder(folder: string, mode = 0o700): Promise<void> {
  const whole = resolve(folder)
  const first = await mkdir(whole, { recursive: true, mode })
  if (first === undefined) return
  for (let made = whole; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

/** Makes names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The text of a file; undefined only when there is none: a file that cannot be read is not a new one. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Replaces a file as a whole: after a crash there is the old one or the new one. Temporary names end in `.tmp`. */
export async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = await writeTemporary(path, parts)
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Makes a file, whole and durable, unless there is one: of any number of calls at once, one makes it. */
export async function createFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = await writeTemporary(path, parts)
  try {
    await link(temporary, path)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(path))
}

async function writeTemporary(path: string, parts: readonly Uint8Array[]): Promise<string> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(Buffer.concat(parts))
    await file.sync()
  } catch (error) {
    nameFile(error, path)
    await file.close()
    await rm(temporary, { force: true })
    throw error
  }
  await file.close()
  return temporary
}

/** Whether an error is the named one of the operating system. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Tells an error of the operating system which file it is of, where it is of an open one. */
export function nameFile(error: unknown, path: string): void {
  if (error instanceof Error && 'syscall' in error && !('path' in error)) Object.assign(error, { path })
}
