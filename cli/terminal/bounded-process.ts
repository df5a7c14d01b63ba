import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import { promisify } from 'node:util'
import { PipelineError } from '../../core/failures/failures.ts'

export interface Bounds {
  readonly timeoutMs: number
  /** Resident bytes of the process. */
  readonly memoryBytes: number
}

const LOOK_MS = 50

/**
 * Runs this command line's program once more, in a process of its own, and resolves with its exit code. It writes where
 * this one does; `input` is its standard input. Throws `query/timeout` and `query/too-large` when it passes a bound: then it
 * is ended, whatever it is at, for no engine counts all of the memory that it takes.
 */
export async function runBounded(
  args: readonly string[],
  input: string,
  { timeoutMs, memoryBytes }: Bounds,
): Promise<number> {
  const [, program = ''] = process.argv
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  })
  let failure: PipelineError | undefined
  const end = (because: PipelineError) => {
    failure ??= because
    child.kill('SIGKILL')
  }
  const deadline = setTimeout(
    () => end(new PipelineError('query/timeout', `the query did not end within ${timeoutMs / 1_000} s`)),
    timeoutMs,
  )
  const watch = setInterval(async () => {
    const bytes = child.pid === undefined ? 0 : await residentBytes(child.pid)
    if (bytes > memoryBytes)
      end(
        new PipelineError(
          'query/too-large',
          `the process of the query passed ${Math.round(memoryBytes / 1024 ** 2)} MiB`,
        ),
      )
  }, LOOK_MS)
  /* One that has ended does not read. */
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  try {
    const [code, signal]: readonly unknown[] = await once(child, 'close')
    if (failure !== undefined) throw failure
    if (typeof code === 'number') return code
    throw new PipelineError('query/too-large', `the process of the query was ended by ${String(signal)}`)
  } finally {
    clearTimeout(deadline)
    clearInterval(watch)
  }
}

/** Ends this process with the one that runs it under bounds. */
export function endWithParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
}

/* Linux says it in a file, other systems by their `ps`; none of a process that has ended. */
async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
  }
  const asked = promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  const { stdout } = await asked.catch(() => ({ stdout: '0' }))
  return Number(stdout) * 1024
}
