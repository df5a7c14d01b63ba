import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../../core/failures/failures.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { type ServerAccount, underAccount } from './server-account.ts'

/** The one role of an embedded server. */
export const superuser = 'tidemark'
const passwordFile = 'tidemark.password'

/**
 * Makes the data folder unless it exists. It appears complete or not at all: it is built beside and
 * renamed, so of two starts at once one builds the folder that both then use, and what an interrupted
 * start left is thrown away.
 */
export async function makeDataFolder(
  dir: string,
  binaries: PostgresBinaries,
  account: ServerAccount,
): Promise<void> {
  await removeDrafts(dir)
  if (await isDataFolder(dir, binaries)) return
  const draft = `${dir}.init-${process.pid}-${randomBytes(4).toString('hex')}`
  const password = join(draft, 'password')
  const data = join(draft, 'data')
  try {
    await mkdir(draft, { mode: 0o700 })
    await writeFile(password, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' })
    if (account.kind === 'user') {
      await chown(password, account.uid, account.gid)
      await chown(draft, account.uid, account.gid)
    }
    await initialise(binaries, account, data, password)
    // Inside the folder the password shares its fate: neither can appear without the other.
    await rename(password, join(data, passwordFile))
    await rename(data, dir)
  } catch (error) {
    // Another start may have been faster, and its folder is as good as ours.
    if (!(await isDataFolder(dir, binaries))) throw error
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** The superuser's password. Throws `run/bad-folder` when the folder was not made by `makeDataFolder`. */
export async function readPassword(dir: string): Promise<string> {
  try {
    return (await readFile(join(dir, passwordFile), 'utf8')).trim()
  } catch (cause) {
    throw new PipelineError('run/bad-folder', `${dir} has no readable ${passwordFile}`, { cause })
  }
}

/** True for a data folder of this version, false for nothing or an empty folder. */
async function isDataFolder(dir: string, binaries: PostgresBinaries): Promise<boolean> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new PipelineError('run/bad-folder', `${dir} cannot be read`, { cause: error })
  })
  if (names.length === 0) return false
  const version = await readFile(join(dir, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version?.trim() === binaries.major) return true
  const what = version ? `data of PostgreSQL ${version.trim()}, not ${binaries.major}` : 'other files'
  throw new PipelineError('run/bad-folder', `${dir} holds ${what}`)
}

async function initialise(
  binaries: PostgresBinaries,
  account: ServerAccount,
  data: string,
  password: string,
): Promise<void> {
  const command = underAccount(account, join(binaries.folder, 'bin', 'initdb'), [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    // The built-in provider sorts the same on every system, whatever its libraries.
    ...(Number(binaries.major) >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
  ])
  const options = { ...command.options, timeout: 120_000, maxBuffer: 1 << 20, windowsHide: true }
  try {
    await promisify(execFile)(command.file, [...command.args], { ...options, encoding: 'utf8' })
  } catch (cause) {
    throw new PipelineError('postgres/start', `initdb failed for ${data}`, { cause })
  }
}

/** Removes what interrupted starts left; a draft counts as in use while its maker lives, ten minutes at most. */
async function removeDrafts(dir: string): Promise<void> {
  const prefix = `${basename(dir)}.init-`
  for (const name of await readdir(dirname(dir))) {
    if (!name.startsWith(prefix)) continue
    const path = join(dirname(dir), name)
    const maker = Number(name.slice(prefix.length).split('-')[0])
    const info = await stat(path).catch(() => undefined)
    if (info && isRunning(maker) && Date.now() - info.mtimeMs < 600_000) continue
    // Best effort: an orphaned initdb may still be writing there, the next start tries again.
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
