import { mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { claimServer, type ServerClaim } from './claim-server.ts'
import { makeDataFolder, readPassword, superuser } from './data-folder.ts'
import {
  findPostmaster,
  hasSettings,
  type Launch,
  lastFatal,
  launchPostmaster,
  type Postmaster,
} from './launch-postmaster.ts'
import { copyBinariesAside, findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { postmasterState, readPostmasterFile, removeStaleFile } from './postmaster-file.ts'
import { canReach, chooseAccount, type ServerAccount } from './server-account.ts'
import { serverSettings } from './server-settings.ts'
import { killPostmaster, stopPostmaster } from './stop-postmaster.ts'

export interface PostgresOptions {
  /** The data folder; made when missing. A relative path starts at the working folder. */
  readonly dir: string
  /** Made when missing; `postgres` unless told. */
  readonly database?: string
  /** Settings over the defaults of `server-settings.ts`. */
  readonly settings?: Readonly<Record<string, string>>
  /** A folder with a `package.json` whose installed PostgreSQL is run; this program's own unless told. */
  readonly project?: string
  /** Receives a line for each step that a person may be waiting for. */
  readonly log?: (line: string) => void
}

export interface PostgresServer {
  /** Holds the password of the superuser. */
  readonly url: string
  readonly port: number
  /** Of the postmaster, in a process group of its own: it outlives a killed caller. */
  readonly pid: number
  /** Resolves when the server is gone and its folder is consistent. Calling it again is a no-op. */
  stop(): Promise<void>
  /** Ends the server without a shutdown: the next start recovers, as after a power cut. */
  kill(): Promise<void>
}

interface Claimed extends Postmaster {
  readonly claim: ServerClaim
}

/** Children of a killed server may need some seconds to leave before a new one may start. */
const attempts = 12

/**
 * Starts a PostgreSQL on a folder, or takes over the one that a killed caller left running there.
 * Resolves when it accepts connections, after crash recovery where that is needed. A folder serves one
 * caller at a time, another gets `run/locked`. Other errors: `postgres/start`, `run/bad-folder`,
 * `postgres/unreachable-folder`, `postgres/unsupported-platform`.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const log = options.log ?? (() => undefined)
  const wanted = resolve(options.dir)
  await mkdir(dirname(wanted), { recursive: true })
  const dir = await realpath(wanted).catch(async () =>
    join(await realpath(dirname(wanted)), basename(wanted)),
  )
  const account = await chooseAccount(dir, await ownerOf(dir))
  const binaries = await reachableBinaries(account, options.project)
  await makeDataFolder(dir, binaries, account)
  const password = await readPassword(dir)
  const program = join(binaries.folder, 'bin', 'postgres')
  const settings = serverSettings(options.settings ?? {}, Number(binaries.major))
  const server = await claimedServer({ dir, program, account, settings, log }, password)
  const database = options.database ?? 'postgres'
  try {
    await server.claim.makeDatabase(database)
  } catch (cause) {
    await stopPostmaster(dir, server.pid, log).finally(server.claim.release)
    throw new PipelineError('postgres/start', `database ${database} cannot be made`, { cause })
  }
  server.claim.unref()
  return handle(dir, server, `${superuser}:${password}`, database, log)
}

/** A running server that nobody else uses, with these settings. */
async function claimedServer(launch: Launch, password: string): Promise<Claimed> {
  const { dir, log } = launch
  for (let attempt = 1; ; attempt += 1) {
    const orphan = await claimOrphan(dir, password, log)
    if (orphan) {
      if (await hasSettings(dir, launch.settings)) return orphan
      log('The running PostgreSQL has other settings: restarting it')
      await stopPostmaster(dir, orphan.pid, log)
      orphan.claim.release()
    }
    const launched = await launchPostmaster(launch)
    if (launched) return claimLaunched(launch, launched, password)
    const { message, permanent } = await lastFatal(dir)
    if (permanent || attempt === attempts)
      throw new PipelineError('postgres/start', `PostgreSQL does not start in ${dir}: ${message}`)
    await sleep(Math.min(50 * 2 ** attempt, 1_000))
  }
}

/** Another start may have claimed it already, and keeps it; a server that nobody can claim is stopped again. */
async function claimLaunched(launch: Launch, server: Postmaster, password: string): Promise<Claimed> {
  try {
    return { ...server, claim: await claimServer(server.port, password) }
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause
    await stopPostmaster(launch.dir, server.pid, launch.log)
    throw new PipelineError('postgres/start', `the server of ${launch.dir} refuses us`, { cause })
  }
}

/** Claims the server that runs on the folder, if one does, and clears what only looks like one. */
async function claimOrphan(
  dir: string,
  password: string,
  log: (line: string) => void,
): Promise<Claimed | undefined> {
  const file = await readPostmasterFile(dir)
  if (!file) return undefined
  const found = await findPostmaster(dir, log)
  if (!found) {
    await removeStaleFile(dir, file.pid)
    return undefined
  }
  try {
    const claim = await claimServer(found.port, password)
    if (await isSameFolder(claim.dataFolder, dir)) return { ...found, claim }
    claim.release()
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause
    const state = await postmasterState(dir, found.pid)
    if (state === 'ours')
      throw new PipelineError('postgres/start', `server ${found.pid} of ${dir} refuses us`, { cause })
  }
  // Not a server, or the one of a copied folder: its number in our file means nothing.
  await removeStaleFile(dir, found.pid)
  return undefined
}

function handle(
  dir: string,
  server: Claimed,
  credentials: string,
  database: string,
  log: (line: string) => void,
): PostgresServer {
  const { pid, port, claim } = server
  let stopped: Promise<void> | undefined
  return {
    url: `postgres://${credentials}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    port,
    pid,
    // The claim goes last: nobody may take over a server that is about to end.
    stop: () => (stopped ??= stopPostmaster(dir, pid, log).finally(claim.release)),
    kill: () => killPostmaster(dir, pid).finally(claim.release),
  }
}

async function reachableBinaries(account: ServerAccount, project?: string): Promise<PostgresBinaries> {
  const binaries = await findPostgresBinaries(project)
  if (account.kind !== 'user' || (await canReach(binaries.folder, account))) return binaries
  const copy = await copyBinariesAside(binaries)
  if (await canReach(copy.folder, account)) return copy
  const message = `user ${account.uid} can enter neither ${binaries.folder} nor ${copy.folder}`
  throw new PipelineError('postgres/unreachable-folder', message)
}

async function ownerOf(dir: string): Promise<{ uid: number; gid: number } | undefined> {
  const info = await stat(dir).catch(() => undefined)
  // An empty folder is as good as none: it will be replaced.
  if ((await readdir(dir).catch(() => ['unknown'])).length === 0) return undefined
  return info && { uid: info.uid, gid: info.gid }
}

async function isSameFolder(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(left).catch(() => undefined), stat(right)])
  return a?.dev === b.dev && a.ino === b.ino
}
