import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPostgresBinaries } from '../../../local/embedded-postgres/postgres-binaries.ts'

/** One major version of PostgreSQL that tests run on. */
export interface TestedMajor {
  readonly major: number
  /** `project` for `startPostgres`; undefined for the version that Tidemark brings along. */
  readonly project: string | undefined
  /** Title of a suite: says why where the suite is skipped. */
  readonly title: string
  readonly isMissing: boolean
  /** Why it is missing. */
  readonly cause?: unknown
}

const own = 18
const others = [12, 13, 14, 15, 16, 17] as const

/**
 * PostgreSQL 15 and the one that Tidemark brings along; with TIDEMARK_TEST_POSTGRES=all, which `npm run test:postgres`
 * sets, every major from 12 on. Of all, one that is missing is an error.
 */
export async function testedMajors(): Promise<readonly TestedMajor[]> {
  // biome-ignore lint/style/noProcessEnv: tests have no command line
  const isAll = process.env['TIDEMARK_TEST_POSTGRES'] === 'all'
  const tested: TestedMajor[] = []
  for (const major of [...(isAll ? others : [15]), own]) {
    const one = await testedMajor(major)
    if (isAll && one.isMissing) throw new Error(one.title, { cause: one.cause })
    tested.push(one)
  }
  return tested
}

/**
 * One major. It is installed from its lock file the first time, into its own folder here. One that npm cannot install,
 * without a network or on another platform, is missing.
 */
export async function testedMajor(major: number): Promise<TestedMajor> {
  const title = `PostgreSQL ${major}`
  if (major === own) return { major, project: undefined, title, isMissing: false }
  const project = join(import.meta.dirname, String(major))
  try {
    await install(project)
    return { major, project, title, isMissing: false }
  } catch (cause) {
    return { major, project, title: `${title}: skipped, npm cannot install it`, isMissing: true, cause }
  }
}

/* Complete or not at all: two test files may install one at once, and each finds what the other has made. */
async function install(project: string): Promise<void> {
  if (await isInstalled(project)) return
  const draft = join(project, `node_modules.${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    await mkdir(draft)
    for (const name of ['package.json', 'package-lock.json'])
      await copyFile(join(project, name), join(draft, name))
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await promisify(execFile)(npm, args, { cwd: draft, timeout: 300_000, shell: npm !== 'npm' })
    await place(join(draft, 'node_modules'), project)
  } catch (error) {
    if (!(await isInstalled(project))) throw error
  } finally {
    await rm(draft, { recursive: true, force: true, maxRetries: 5 })
  }
  if (!(await isInstalled(project))) throw new Error(`npm has no PostgreSQL of ${project} for this platform`)
}

/* What another process has put there meanwhile stays; what is of another version makes room. */
async function place(made: string, project: string): Promise<void> {
  const target = join(project, 'node_modules')
  for (let attempt = 1; ; attempt += 1) {
    if (await isInstalled(project)) return
    try {
      return await rename(made, target)
    } catch (error) {
      if (attempt === 3) throw error
      await rename(target, `${made}.former-${attempt}`).catch(() => undefined)
    }
  }
}

async function isInstalled(project: string): Promise<boolean> {
  const manifest: unknown = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
  const wanted = new Set(Object.values((manifest as { optionalDependencies: object }).optionalDependencies))
  return findPostgresBinaries(project).then(
    ({ version }) => wanted.has(version),
    () => false,
  )
}
