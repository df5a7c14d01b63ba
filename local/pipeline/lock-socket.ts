import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync, renameSync } from 'node:fs'
import { chmod, lstat, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { isErrno } from '../../engine/files/durable.ts'

/* What the system takes as the name of a socket: 108 bytes of Linux, 104 of macOS. */
const MAX_NAME = 100
const NAME = 'lock'
/* Whoever clears a dead lock away holds this name for some milliseconds. */
const GUARD = 'lock.taking'
const GUARD_MS = 5_000
const TRIES = 400
const PAUSE_MS = 20

/** A name under which a socket of a folder can be bound or reached, until `close`. */
export interface LockAddress {
  readonly name: string
  close(): Promise<void>
}

/** The address of a folder's lock, which lies in the folder: whoever sees the folder sees its lock. */
export async function lockAddress(folder: string, name: string = NAME): Promise<LockAddress> {
  if (process.platform === 'win32')
    return { name: await pipeOf(folder, name), close: () => Promise.resolve() }
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= MAX_NAME) return { name: path, close: () => Promise.resolve() }
  /* A short way to a folder whose own name is too long; nobody else can enter it. */
  const short = await mkdtemp('/tmp/tm-')
  await symlink(await realpath(folder), join(short, 'f'))
  return { name: join(short, 'f', name), close: () => rm(short, { recursive: true, force: true }) }
}

/** A listening socket that is the lock of a folder. */
export interface HeldSocket {
  readonly server: Server
  release(): Promise<void>
}

/**
 * Takes the lock of a folder for as long as this process lives; undefined when another process has it. The name comes to a
 * socket that listens already, in one step and by one process at a time: whoever finds the name and nobody behind it has
 * found the lock of a dead process.
 */
export async function holdSocket(
  folder: string,
  attend: (socket: Socket) => void,
): Promise<HeldSocket | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if ((await holderOf(folder)) !== undefined) return undefined
    /* Windows takes the name of a pipe away with its process. */
    const taken =
      process.platform === 'win32'
        ? await bound(folder, NAME, attend)
        : await underGuard(folder, (isOurs) => takeName(folder, attend, isOurs))
    if (taken !== undefined) return taken
    await sleep(PAUSE_MS * (1 + Math.random()))
  }
  return undefined
}

/**
 * Process id of whoever has the lock of a folder, 0 when it is too busy to say or is another user's; undefined when nobody
 * has it.
 */
export async function holderOf(folder: string): Promise<number | undefined> {
  const address = await lockAddress(folder)
  try {
    return await askHolder(address.name)
  } finally {
    await address.close()
  }
}

/** Throws `run/locked` when the lock of a folder is another user's: nothing is to be asked of that process. */
export async function checkOwner(folder: string): Promise<void> {
  const own = process.getuid?.()
  const found = await lstat(join(folder, NAME)).catch(() => undefined)
  if (own === undefined || own === 0 || found === undefined || found.uid === own) return
  throw new PipelineError('run/locked', `the lock of ${folder} is of another user`)
}

async function bound(
  folder: string,
  name: string,
  attend: (socket: Socket) => void,
): Promise<HeldSocket | undefined> {
  const address = await lockAddress(folder, name)
  const server = await listen(address.name, folder, attend).catch(async (error: unknown) => {
    await address.close()
    throw error
  })
  if (server === undefined) {
    await address.close()
    return undefined
  }
  /* The system takes the name away when the server closes, while it still listens. */
  return { server, release: () => closed(server).then(() => address.close()) }
}

async function takeName(
  folder: string,
  attend: (socket: Socket) => void,
  isOurs: () => boolean,
): Promise<HeldSocket | undefined> {
  const own = `lock.${randomBytes(6).toString('hex')}.tmp`
  const held = await bound(folder, own, attend)
  if (held === undefined) return undefined
  const path = join(folder, NAME)
  const isFree = (await holderOf(folder)) === undefined
  /* Without a pause between the two: a process that was held up for so long that its guard went takes nothing. */
  if (!isFree || !isOurs()) {
    await held.release()
    return undefined
  }
  renameSync(join(folder, own), path)
  return {
    server: held.server,
    release: async () => {
      await rm(path, { force: true })
      await held.release()
    },
  }
}

/* A guard that is old is of a process that died with it, or was held up: `isOurs` says so to that one. */
async function underGuard<T>(
  folder: string,
  work: (isOurs: () => boolean) => Promise<T>,
): Promise<T | undefined> {
  const guard = join(folder, GUARD)
  const own = `${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    await symlink(own, guard)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    const age = Date.now() - ((await lstat(guard).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (Math.abs(age) > GUARD_MS) await rm(guard, { force: true })
    return undefined
  }
  const isOurs = () => linkOf(guard) === own
  try {
    return await work(isOurs)
  } finally {
    if (isOurs()) await rm(guard, { force: true })
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

function listen(name: string, folder: string, attend: (socket: Socket) => void): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, attend)
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else if (error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP' || error.code === 'EPERM')
        reject(
          new PipelineError(
            'run/bad-folder',
            `${folder} lies on a file system without sockets, which the lock needs`,
          ),
        )
      else reject(error)
    })
    server.listen(name, () => {
      /* Only the owner may ask: on a socket, writing is asking. */
      const done = process.platform === 'win32' ? Promise.resolve() : chmod(name, 0o600)
      done.then(() => resolve(server), reject)
    })
  })
}

/* Nobody listens any more, or it is no socket; any other refusal is somebody's who is there. */
const DEAD = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR'])

function askHolder(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(name)
    let text = ''
    /* The system accepts for a process that is busy or stopped, and refuses for one that is gone. Silence says nothing: it may be ours. */
    let isHeld = true
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (bytes) => {
      text += bytes.toString()
      if (text.includes('\n')) socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (DEAD.has(error.code ?? '')) isHeld = false
    })
    socket.on('close', () => resolve(isHeld ? Number(text) : undefined))
  })
}

async function pipeOf(folder: string, name: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
  return `\\\\.\\pipe\\tidemark-${digest.slice(0, 24)}-${name}`
}
