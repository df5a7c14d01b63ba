import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { onceInRun } from '../support/once-in-run.ts'

const root = resolve(import.meta.dirname, '../..')

/** The bundles of all handlers, as a deployment has them. */
export interface BuiltHandlers {
  readonly folder: string
  start(name: string, environment: Readonly<Record<string, string>>): Promise<RunningHandler>
  close(): Promise<void>
}

export interface Invoked {
  readonly answer?: unknown
  readonly error?: string
}

export async function buildHandlers(): Promise<BuiltHandlers> {
  const folder = await onceInRun('handlers', async (out) => {
    await promisify(execFile)(process.execPath, [
      ...[join(root, 'infra/bundle.mjs'), '--out', out, '--unzipped'],
    ])
  })
  const running: RunningHandler[] = []
  return {
    folder,
    start: async (name, environment) => {
      const handler = new RunningHandler(join(folder, name, 'index.mjs'), environment)
      running.push(handler)
      await handler.ready
      return handler
    },
    close: async () => {
      for (const handler of running) handler.stop()
    },
  }
}

type Line = Readonly<Record<string, unknown>>

/** A built handler in a process of its own, with nothing in its environment but what it is given. */
export class RunningHandler {
  /** Rejects, with what the process said, when the bundle cannot be imported. */
  readonly ready: Promise<unknown>
  private readonly child: ChildProcess
  private readonly gone: Promise<never>
  private output = ''
  private errors = ''
  private last = 0

  constructor(bundle: string, environment: Readonly<Record<string, string>>) {
    const identity = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
    this.child = fork(new URL('./invoke.mjs', import.meta.url), [pathToFileURL(bundle).href], {
      env: { AWS_REGION: 'eu-west-1', ...identity, ...environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.child.setMaxListeners(0)
    this.child.stdout?.setMaxListeners(0)
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk
    })
    this.child.stderr?.on('data', (chunk) => {
      this.errors += chunk
    })
    this.gone = once(this.child, 'close').then(() => Promise.reject(new Error(this.errors)))
    this.gone.catch(() => undefined)
    this.ready = this.answer(0)
    this.ready.catch(() => undefined)
  }

  /** Runs the handler with so many milliseconds left; what it wrote has been read when it resolves. */
  async invoke(event: unknown, remaining = 60_000): Promise<Invoked> {
    return this.ask({ event, remaining })
  }

  /** Lambda says from now on that so many milliseconds are left. */
  async setRemaining(remaining: number): Promise<void> {
    await this.ask({ remaining })
  }

  /** What it has written, a JSON object a line. */
  get lines(): readonly Line[] {
    return this.output
      .trim()
      .split('\n')
      .map((line): Line => JSON.parse(line))
  }

  get written(): string {
    return this.output + this.errors
  }

  stop(): void {
    this.child.kill('SIGKILL')
  }

  private async ask(message: { readonly event?: unknown; readonly remaining: number }): Promise<Invoked> {
    this.last += 1
    const id = this.last
    const answer = this.answer(id)
    this.child.send({ id, ...message })
    const result = await answer
    while (!this.output.includes(`{"done":${id}}\n`))
      await Promise.race([once(this.child.stdout ?? this.child, 'data'), this.gone])
    return result
  }

  private answer(id: number): Promise<Invoked> {
    const given = new Promise<Invoked>((resolve) => {
      const hear = (message: { readonly id: number; readonly result: Invoked }) => {
        if (message.id !== id) return
        this.child.off('message', hear)
        resolve(message.result)
      }
      this.child.on('message', hear)
    })
    return Promise.race([given, this.gone])
  }
}

/** The sums of a metric in lines of CloudWatch's embedded format, by table; the key is empty for the stage alone. */
export function metricOf(lines: readonly Line[], name: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const line of lines) {
    const value = line[name]
    if (line['_aws'] === undefined || typeof value !== 'number') continue
    const table = String(line['table'] ?? '')
    sums[table] = (sums[table] ?? 0) + value
  }
  return sums
}
