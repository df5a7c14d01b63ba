import { execFile, type SpawnOptions } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../../core/failures/failures.ts'

/**
 * As whom PostgreSQL runs, which refuses root:
 * - `caller`: as ourselves;
 * - `user`: as another user, who owns the data folder;
 * - `namespace`: with our own rights on files, but under another number inside a user namespace.
 */
export type ServerAccount =
  | { readonly kind: 'caller' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'namespace' }

const nobody = 65534

/**
 * Chooses the account for a data folder. An existing folder keeps its owner, so a restart is always
 * consistent with the start that made it. `parent` must exist; `owner` is undefined for a new folder.
 * Throws `postgres/unreachable-folder` when no account can both run the server and reach the folder.
 */
export async function chooseAccount(
  dir: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<ServerAccount> {
  const uid = process.getuid?.()
  if (uid === undefined) return { kind: 'caller' }
  if (uid !== 0) {
    if (owner && owner.uid !== uid)
      throw new PipelineError('postgres/unreachable-folder', `${dir} belongs to user ${owner.uid}`)
    // initdb wants a name for its user; a container may run us under a number without one.
    return hasName() ? { kind: 'caller' } : namespace(dir)
  }
  const candidate = owner ?? { uid: nobody, gid: nobody }
  if (candidate.uid === 0) return namespace(dir)
  if (await canReach(dirname(dir), candidate)) return { kind: 'user', ...candidate }
  if (owner)
    throw new PipelineError('postgres/unreachable-folder', `user ${owner.uid} cannot enter ${dirname(dir)}`)
  return namespace(dir)
}

/** The command line and options that run `file` under the account. */
export function underAccount(
  account: ServerAccount,
  file: string,
  args: readonly string[],
): { readonly file: string; readonly args: readonly string[]; readonly options: SpawnOptions } {
  // The caller's own folder may be closed to the account, and its environment is none of the server's business.
  const options: SpawnOptions = { cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } }
  switch (account.kind) {
    case 'caller':
      return process.platform === 'win32' ? { file, args, options: {} } : { file, args, options }
    case 'user':
      return { file, args, options: { ...options, uid: account.uid, gid: account.gid } }
    case 'namespace':
      // unshare replaces itself by the program: the process id stays the one we spawned.
      return { file: 'unshare', args: [...namespaceArgs, '--', file, ...args], options }
  }
}

/** Whether the account may enter a folder, judged by the mode bits of it and of every parent. */
export async function canReach(
  folder: string,
  account: { readonly uid: number; readonly gid: number },
): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    const info = await stat(path)
    const bit = info.uid === account.uid ? 0o100 : info.gid === account.gid ? 0o010 : 0o001
    if ((info.mode & bit) === 0) return false
    if (dirname(path) === path) return true
  }
}

const namespaceArgs = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`]

async function namespace(dir: string): Promise<ServerAccount> {
  try {
    await promisify(execFile)('unshare', [...namespaceArgs, '--', 'true'], { cwd: '/', timeout: 10_000 })
    return { kind: 'namespace' }
  } catch (cause) {
    const message = `no user that may run PostgreSQL can enter ${dir}, and user namespaces are not available`
    throw new PipelineError('postgres/unreachable-folder', message, { cause })
  }
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}
