import { type ChildProcess, spawn } from 'node:child_process'
import { constants, open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { postmasterState, readPostmasterFile } from './postmaster-file.ts'
import { type ServerAccount, underAccount } from './server-account.ts'

export interface Launch {
  readonly dir: string
  /** The `postgres` program. */
  readonly program: string
  readonly account: ServerAccount
  readonly settings: readonly string[]
  readonly log: (line: string) => void
}

export interface Postmaster {
  readonly pid: number
  readonly port: number
}

/** Recovery replays at most max_wal_size, seconds on any disk; this is for a very slow one. */
const readyMs = 180_000
const logEveryMs = 3_000

/**
 * Starts a server and waits until it accepts connections. Undefined when it ended before: another
 * start was faster, the port was taken meanwhile, or children of a killed server are still leaving.
 * Throws `postgres/start` when it cannot be run at all or is not ready in time.
 */
export async function launchPostmaster(launch: Launch): Promise<Postmaster | undefined> {
  const port = await freePort()
  const command = underAccount(launch.account, launch.program, [
    '-D',
    launch.dir,
    '-p',
    String(port),
    ...launch.settings,
  ])
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
  const output = await open(startLog(launch.dir), O_WRONLY | O_CREAT | O_TRUNC | (O_NOFOLLOW ?? 0), 0o600)
  let child: ChildProcess
  try {
    // Its own process group: Ctrl-C in the terminal reaches us, who stop it when nothing needs it any more.
    const stdio: ['ignore', number, number] = ['ignore', output.fd, output.fd]
    child = spawn(command.file, command.args, {
      ...command.options,
      detached: true,
      stdio,
      windowsHide: true,
    })
    await spawned(child)
  } finally {
    await output.close()
  }
  child.unref()
  const { pid } = child
  if (pid === undefined) return undefined
  const isAlive = async () => child.exitCode === null && child.signalCode === null
  try {
    return await waitUntilReady(launch.dir, pid, isAlive, launch.log)
  } catch (error) {
    child.kill('SIGQUIT')
    throw error
  }
}

/**
 * The server that already runs on the folder, once it accepts connections. Undefined when there is
 * none, or it ended while we waited.
 */
export async function findPostmaster(
  dir: string,
  log: (line: string) => void,
): Promise<Postmaster | undefined> {
  const file = await readPostmasterFile(dir)
  if (!file || (await postmasterState(dir, file.pid)) === 'gone') return undefined
  return waitUntilReady(dir, file.pid, async () => (await postmasterState(dir, file.pid)) !== 'gone', log)
}

/** Why the server ended at once. */
export interface Fatal {
  /** From the server's log, which quotes no rows there. */
  readonly message: string
  /** A wrong setting stays wrong; anything else may be gone in a moment. */
  readonly permanent: boolean
}

/** Settings: invalid value, unknown name, contradiction. */
const permanentCodes = new Set(['22023', '42704', 'F0000'])

/** The last fatal line of the start before. */
export async function lastFatal(dir: string): Promise<Fatal> {
  const text = await readFile(startLog(dir), 'utf8').catch(() => '')
  const found = /(?:\S+ \[\d+\] (\S{5}) )?FATAL: +(.*)/.exec(text)
  const logs = `see ${startLog(dir)} and ${join(dir, 'log')}`
  return { message: found?.[2] ?? logs, permanent: permanentCodes.has(found?.[1] ?? '') }
}

/** Whether the running server was started with these settings, whatever its port. */
export async function hasSettings(dir: string, settings: readonly string[]): Promise<boolean> {
  const text = await readFile(join(dir, 'postmaster.opts'), 'utf8').catch(() => '')
  return text.trim().endsWith(settings.map((argument) => `"${argument}"`).join(' '))
}

async function waitUntilReady(
  dir: string,
  pid: number,
  isAlive: () => Promise<boolean>,
  log: (line: string) => void,
): Promise<Postmaster | undefined> {
  const started = performance.now()
  for (let told = 1; ; ) {
    const file = await readPostmasterFile(dir)
    if (file?.pid === pid && file.ready) return { pid, port: file.port }
    if (!(await isAlive())) return undefined
    const waited = performance.now() - started
    if (waited > readyMs)
      throw new PipelineError('postgres/start', `not ready after ${readyMs / 1000} s; logs in ${dir}`)
    if (waited > told * logEveryMs) {
      log(`PostgreSQL is starting, perhaps recovering from a crash (${Math.round(waited / 1000)} s)`)
      told += 1
    }
    await sleep(waited < 1_000 ? 5 : 50)
  }
}

function startLog(dir: string): string {
  return join(dir, 'start.log')
}

async function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) =>
      reject(new PipelineError('postgres/start', 'the PostgreSQL program cannot be run', { cause })),
    )
  })
}

/** A port that nobody listens on now; should it be taken before the server has it, the start is repeated. */
async function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
