import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'

/* ClickHouse 26.7 in a library, complete in its npm packages. */
const PACKAGE = 'chdb@3.4.0'
const INSTALL_MS = 180_000
const child = fileURLToPath(new URL('clickhouse-child.mjs', import.meta.url))
const answer = z.union([
  z.object({ rows: z.string(), cpuMs: z.number(), peakMb: z.number() }),
  z.object({ error: z.string() }),
])

/** What the process has taken since its start: processor time, and the most memory that was resident. */
export interface ProcessUse {
  readonly cpuMs: number
  readonly peakMb: number
}

/** ClickHouse as a peer: installed by npm into a temporary folder (546 MB), run in a process of its own. */
export class ClickHouse {
  private readonly process: ChildProcess
  private readonly answers: AsyncIterator<string>
  private readonly lines: Interface
  /** As of the last answer. */
  use: ProcessUse = { cpuMs: 0, peakMb: 0 }

  private constructor(process: ChildProcess) {
    this.process = process
    if (process.stdout === null) throw new Error('no standard output')
    this.lines = createInterface({ input: process.stdout })
    this.answers = this.lines[Symbol.asyncIterator]()
  }

  /** Throws what npm says where the package cannot be installed. */
  static async open(dir: string): Promise<ClickHouse> {
    const installed = join(dir, 'installed')
    const data = join(dir, 'data')
    await mkdir(installed, { recursive: true })
    await mkdir(data)
    await writeFile(join(installed, 'package.json'), '{"private":true}')
    const args = ['install', PACKAGE, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await promisify(execFile)('npm', args, { cwd: installed, timeout: INSTALL_MS })
    return new ClickHouse(
      spawn(process.execPath, [child, installed, data], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
  }

  /** The rows as tab-separated text. Throws what ClickHouse says. */
  async query(sql: string): Promise<string> {
    this.process.stdin?.write(`${JSON.stringify(sql)}\n`)
    const { value, done } = await this.answers.next()
    if (done === true) throw new Error('ClickHouse has ended')
    const answered = answer.parse(JSON.parse(value))
    if ('error' in answered) throw new Error(answered.error)
    this.use = { cpuMs: answered.cpuMs, peakMb: answered.peakMb }
    return answered.rows.trim()
  }

  /** Stops the whole process where it is: changes pile up at the source. */
  pause(): void {
    this.process.kill('SIGSTOP')
  }

  resume(): void {
    this.process.kill('SIGCONT')
  }

  close(): void {
    this.lines.close()
    this.process.kill('SIGKILL')
  }
}
