import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { tableShape } from '../../core/contract/evolution/shape.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { loadContracts, tablesOf } from '../load/load-contracts.ts'
import { type Lock, lockFileName, parseLock } from '../load/lock-file.ts'

/** What a schemas folder was at a commit. */
export interface Base {
  readonly commit: string
  readonly lock: Lock
  /** Paths below the folder whose files differ from the commit, added ones included. */
  readonly changed: ReadonlySet<string>
}

/**
 * Reads a schemas folder as it was where the work of this branch began: the merge base of `ref` and HEAD. Its lock is
 * read; where there was none yet, its contracts are run. Throws `usage/invalid` when git does not know the ref.
 */
export async function readBase(root: string, ref: string): Promise<Base> {
  const commit = await baseCommit(root, ref)
  const paths = (await git(root, ['ls-tree', '-r', '--name-only', '-z', commit, '.'])).split('\0')
  const lock = paths.includes(lockFileName)
    ? parseLock(await git(root, ['show', `${commit}:./${lockFileName}`]), `${ref}:${lockFileName}`)
    : await contractsAt(root, commit, paths)
  const changed = (await git(root, ['diff', '--name-only', '-z', '--relative', commit, '--', '.'])).split(
    '\0',
  )
  return { commit, lock, changed: new Set(changed.filter((path) => path !== '')) }
}

async function baseCommit(root: string, ref: string): Promise<string> {
  const commit = await git(root, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${ref}^{commit}`,
  ]).catch((cause) => {
    const help = 'in CI, fetch it first: actions/checkout with fetch-depth: 0'
    throw new PipelineError('usage/invalid', `git knows no ${ref} here; ${help}`, { cause })
  })
  /* Without a common commit, as in a shallow clone, the ref itself is the best there is. */
  const base = await git(root, ['merge-base', commit.trim(), 'HEAD']).catch(() => commit)
  return base.trim()
}

/* Only for a base from before the first lock. */
async function contractsAt(root: string, commit: string, paths: readonly string[]): Promise<Lock> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-base-'))
  try {
    for (const path of paths.filter((name) => /^[^/]+\/[^/]+\/v\d+\.ts$/.test(name))) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), await git(root, ['show', `${commit}:./${path}`]))
    }
    return tablesOf(await loadContracts(folder, folder)).map(tableShape)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const run = promisify(execFile)

async function git(cwd: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...args], { cwd, timeout: 30_000, maxBuffer: 64 << 20 })
  return stdout
}
