import { createHash } from 'node:crypto'
import { realpath, rename, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PipelineError } from '../../core/failures.ts'

/** The exclusive use of a run folder. */
export interface FolderLock {
  release(): Promise<void>
}

/**
 * Takes a folder for this process. The lock is a listening socket, so it ends with the process, however that
 * dies. Throws `run/locked` when another process has it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = await socketPath(folder)
  const server = (await listen(path)) ?? (await takeStale(path, folder))
  server.unref()
  if ((await askHolder(path)) !== process.pid) {
    server.close()
    throw locked(folder)
  }
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

/** Process id of the Tidemark that runs in the folder, 0 when it is too busy to say; undefined when none does. */
export async function folderHolder(folder: string): Promise<number | undefined> {
  return askHolder(await socketPath(folder))
}

/* In the folder itself the path could be longer than a socket's name may be. */
async function socketPath(folder: string): Promise<string> {
  const digest = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
    .slice(0, 24)
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\tidemark-${digest}`
    : join(tmpdir(), `tidemark-${digest}.sock`)
}

async function takeStale(path: string, folder: string): Promise<Server> {
  if ((await askHolder(path)) !== undefined) throw locked(folder)
  const aside = `${path}.${process.pid}`
  await rename(path, aside).catch(() => undefined)
  /* Another process may have been quicker, and it was its socket that went aside. */
  if ((await askHolder(aside)) !== undefined) {
    await rename(aside, path)
    throw locked(folder)
  }
  await rm(aside, { force: true })
  const server = await listen(path)
  if (server === undefined) throw locked(folder)
  return server
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(String(process.pid))
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => resolve(server))
  })
}

function askHolder(path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    let text = ''
    /* The system accepts for a process that is busy or stopped, never for one that is gone. */
    let isHeld = false
    socket.on('connect', () => {
      isHeld = true
    })
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(isHeld ? Number(text) : undefined))
  })
}

function locked(folder: string): PipelineError {
  return new PipelineError('run/locked', `another Tidemark runs in ${folder}`)
}
