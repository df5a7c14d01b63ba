import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PACKAGE = 'chdb@3.4.0'
const INSTALL_MS = 120_000
const COPY_MS = 600_000
const run = promisify(execFile)

/** What a part of the benchmark took; memory where it had a process of its own. */
export interface Taken {
  readonly ms: number
  readonly cpuMs: number
  readonly peakMb?: number
}

/* In a process of its own: the engine blocks its thread, and its memory is not ours. The URL has a password: not an argument. */
const SCRIPT = `
const { query } = require('chdb')
const { hostname, port, pathname, username, password } = new URL(process.env.SOURCE_URL)
const texts = [hostname + ':' + port, pathname.slice(1), 'shifts', username, decodeURIComponent(password), 'workforce']
const from = texts.map((text) => "'" + text + "'").join(', ')
const startedAt = performance.now()
query("SELECT * FROM postgresql(" + from + ") INTO OUTFILE '" + process.env.OUT + "' TRUNCATE FORMAT Parquet", 'CSV')
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
const ms = performance.now() - startedAt
process.stdout.write(JSON.stringify({ ms, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: Math.round(maxRSS / 1024) }))
`

/**
 * chDB (ClickHouse in a process) reads the table from PostgreSQL into one Parquet file: it is installed below `dir` first, about
 * 550 MB. Undefined where that fails, as on a machine without a registry or a platform without a build.
 */
export async function viaChdb(dir: string, url: string): Promise<Taken | undefined> {
  const folder = join(dir, 'chdb')
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), '{"private":true}')
  await writeFile(join(folder, 'copy.cjs'), SCRIPT)
  const options = ['--no-audit', '--no-fund', '--loglevel=error']
  const isInstalled = await run('npm', ['install', ...options, PACKAGE], {
    cwd: folder,
    timeout: INSTALL_MS,
  }).then(
    () => true,
    () => false,
  )
  if (!isInstalled) return undefined
  const env = { SOURCE_URL: url, OUT: join(folder, 'shifts.parquet') }
  const { stdout } = await run(process.execPath, ['copy.cjs'], { cwd: folder, timeout: COPY_MS, env })
  return taken(JSON.parse(stdout))
}

function taken(value: unknown): Taken {
  if (typeof value !== 'object' || value === null) throw new Error('chdb said nothing')
  const numbers = new Map<string, unknown>(Object.entries(value))
  const number = (name: string) => Number(numbers.get(name))
  return { ms: number('ms'), cpuMs: number('cpuMs'), peakMb: number('peakMb') }
}
