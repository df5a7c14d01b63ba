import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { postmasterState } from './postmaster-file.ts'

/** Each step with the time it gets. After the first, the next start of the folder has to recover. */
const steps = [
  { signal: 'SIGINT', name: 'fast shutdown', ms: 20_000 },
  { signal: 'SIGQUIT', name: 'immediate shutdown', ms: 10_000 },
  { signal: 'SIGKILL', name: 'kill', ms: 5_000 },
] as const

/**
 * Ends the server of a folder and resolves when its process is gone. Nothing committed is lost in any
 * of the steps. Throws `postgres/start` when even a killed process does not go.
 */
export async function stopPostmaster(dir: string, pid: number, log: (line: string) => void): Promise<void> {
  for (const step of steps) {
    if (await isGone(dir, pid)) return
    if (step.signal !== 'SIGINT') log(`PostgreSQL does not stop: ${step.name}`)
    signal(pid, step.signal)
    if (await isGoneWithin(dir, pid, step.ms)) return
  }
  throw new PipelineError('postgres/start', `process ${pid} of ${dir} cannot be ended`)
}

/** Ends it without a shutdown, as a power cut would. */
export async function killPostmaster(dir: string, pid: number): Promise<void> {
  if (await isGone(dir, pid)) return
  signal(pid, 'SIGKILL')
  if (!(await isGoneWithin(dir, pid, 10_000)))
    throw new PipelineError('postgres/start', `process ${pid} of ${dir} cannot be ended`)
}

async function isGone(dir: string, pid: number): Promise<boolean> {
  return (await postmasterState(dir, pid)) === 'gone'
}

async function isGoneWithin(dir: string, pid: number, ms: number): Promise<boolean> {
  for (const started = performance.now(); performance.now() - started < ms; await sleep(10))
    if (await isGone(dir, pid)) return true
  return false
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It went between the look and the signal.
  }
}
