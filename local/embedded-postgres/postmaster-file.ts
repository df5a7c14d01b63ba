import { randomBytes } from 'node:crypto'
import { link, readFile, readlink, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** What a running server writes into `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number
  readonly port: number
  /** The server accepts connections. */
  readonly ready: boolean
}

/** `gone`: no such process, or one of another program. `unknown`: this system does not tell. */
export type PostmasterState = 'ours' | 'gone' | 'unknown'

/** The file as it is now; undefined when it is missing or only half written. */
export async function readPostmasterFile(dir: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(dir, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  if (!Number.isInteger(pid) || pid <= 1 || !Number.isInteger(port) || port <= 0) return undefined
  return { pid, port, ready: lines[7]?.trim() === 'ready' }
}

/**
 * Whether the process is a server of this very folder. A process id alone proves nothing: after a
 * crash it may belong to another program, and a copied folder names the server of the original.
 */
export async function postmasterState(dir: string, pid: number): Promise<PostmasterState> {
  if (!isAlive(pid)) return 'gone'
  if (process.platform !== 'linux') return 'unknown'
  try {
    // Of a killed server that nobody waited for, only a zombie is left, which still has its number.
    const status = await readFile(`/proc/${pid}/stat`, 'utf8')
    if (/\) [ZX]/.test(status)) return 'gone'
    if (basename(await readlink(`/proc/${pid}/exe`)).split(' ')[0] !== 'postgres') return 'gone'
    // A server's working folder is its data folder; compared by identity, the folder may have moved.
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(dir)])
    return theirs.dev === ours.dev && theirs.ino === ours.ino ? 'ours' : 'gone'
  } catch {
    return isAlive(pid) ? 'unknown' : 'gone'
  }
}

/**
 * Takes a stale `postmaster.pid` away, which PostgreSQL itself does not when its number is in use
 * again. A file that another start wrote meanwhile is put back.
 */
export async function removeStaleFile(dir: string, pid: number): Promise<void> {
  const file = join(dir, 'postmaster.pid')
  const aside = `${file}.${randomBytes(4).toString('hex')}`
  try {
    await rename(file, aside)
  } catch {
    return
  }
  const text = await readFile(aside, 'utf8')
  if (Number(text.split('\n')[0]) !== pid) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not permitted to signal it: it is alive all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
