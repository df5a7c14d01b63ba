import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandLine } from '../../cli/main.ts'
import { printError } from '../../cli/terminal/output.ts'
import { findRunningPostgres } from '../../local/embedded-postgres/find-running-postgres.ts'

const program = resolve(import.meta.dirname, '../../bin/tidemark.mjs')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command line that runs in a process group of its own. */
export interface Running {
  readonly finished: Promise<Finished>
  /** SIGKILL to the whole group. */
  kill(): void
  /** Ctrl-C. */
  interrupt(): void
}

/** Starts the command line as a user does: the program, its arguments, an environment without surprises. */
export function startTidemark(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // biome-ignore lint/style/noProcessEnv: the child needs PATH and HOME
    env: { ...process.env, NO_COLOR: '1', ...environment },
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
  })
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
  })
  const finished = new Promise<Finished>((done) => {
    child.on('close', (code) => done({ code, stdout, stderr }))
  })
  const signal = (name: NodeJS.Signals, toGroup: boolean) => {
    if (child.pid !== undefined && child.exitCode === null)
      process.kill(toGroup ? -child.pid : child.pid, name)
  }
  return { finished, kill: () => signal('SIGKILL', true), interrupt: () => signal('SIGINT', false) }
}

export function tidemark(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Finished> {
  return startTidemark(args, environment).finished
}

let turn: Promise<unknown> = Promise.resolve()

/**
 * The same command line without a process of its own, which takes a second of work. One after another: the exit code and the
 * environment are those of this process. For what ends by itself, and is not about the process.
 */
export function inProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const mine = turn.then(() => runHere(args, environment))
  turn = mine.catch(() => undefined)
  return mine
}

async function runHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Finished> {
  let [stdout, stderr] = ['', '']
  const output = {
    isTerminal: false,
    columns: 100,
    result: (text: string) => {
      stdout += `${text}\n`
    },
    progress: (text: string) => {
      stderr += `${text}\n`
    },
  }
  const restored = withEnvironment(environment)
  const before = process.exitCode
  process.exitCode = undefined
  try {
    const make = await commandLine({ output, sourceFromEnvironment: environment['TIDEMARK_SOURCE'] })
    await make().parseAsync(['node', 'tidemark', ...args])
  } catch (error) {
    printError(output, error, args.includes('--json'))
    process.exitCode = 2
  }
  const code = Number(process.exitCode ?? 0)
  process.exitCode = before
  restored()
  return { code, stdout, stderr }
}

/* Sets variables of this process; the result puts them back. */
function withEnvironment(environment: Readonly<Record<string, string>>): () => void {
  const { env } = process
  const before = Object.keys(environment).map((name) => [name, env[name]] as const)
  Object.assign(env, environment)
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete env[name]
      else env[name] = value
  }
}

/** The JSON document on the last line of standard output. */
export function lastJson({ stdout, stderr }: Finished): Record<string, unknown> {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    throw new Error(`no JSON on the last line of standard output: ${line}\n${stderr}`)
  }
}

/** A folder for runs that other users may enter, removed with what it holds at the end of the scope. */
export async function scratchFolder(): Promise<{
  readonly path: string
  [Symbol.asyncDispose](): Promise<void>
}> {
  const path = await mkdtemp(join(tmpdir(), 'tidemark-e2e-'))
  const { chmod } = await import('node:fs/promises')
  await chmod(path, 0o755)
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** URL of the PostgreSQL that a run in a folder left running, or is using. */
export function postgresOf(dir: string): Promise<string | undefined> {
  return findRunningPostgres(join(dir, 'postgres'), 'workforce')
}

/** What the run in a folder says of itself in its file, once it says so: asking the command line each time costs a process. */
export async function untilStatus(
  dir: string,
  isThere: (tables: readonly Readonly<Record<string, unknown>>[]) => boolean,
): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const text = await readFile(join(dir, 'status.json'), 'utf8').catch(() => undefined)
    const tables =
      text === undefined ? [] : (JSON.parse(text) as { tables: Record<string, unknown>[] }).tables
    if (tables.length > 0 && isThere(tables)) return
    await sleep(100)
  }
  throw new Error('not within the time')
}
