import { storageFailure } from '../../core/failures/storage-failure.ts'
import type { Logger } from '../../core/ports/ports.ts'
import { type Pace, restAfter } from './status/rest-after.ts'

export interface ScheduledJob {
  readonly name: string
  /** Milliseconds from the end of one run to the beginning of the next; 0 for never by itself. */
  readonly everyMs: number
  /** Of a job that takes longer the more tables there are. */
  readonly pace?: Omit<Pace, 'everyMs'>
  readonly run: () => Promise<void>
}

/**
 * Runs jobs again and again, each never beside itself. A job that fails is told to the log and runs again in its turn:
 * nothing depends on it but what it makes.
 */
export class Schedule {
  private readonly jobs: readonly ScheduledJob[]
  private readonly log: Logger
  private readonly timers = new Map<string, NodeJS.Timeout>()
  private readonly running = new Map<string, Promise<void>>()
  private readonly again = new Set<string>()
  private isStopped = false

  constructor(jobs: readonly ScheduledJob[], log: Logger) {
    this.jobs = jobs
    this.log = log
  }

  start(): void {
    for (const job of this.jobs) this.plan(job)
  }

  /** Runs jobs now; one that runs already may have passed what it is asked for, so it runs once more when that run ends. */
  soon(...names: readonly string[]): void {
    for (const job of this.jobs) {
      if (!names.includes(job.name) || this.isStopped) continue
      if (this.running.has(job.name)) this.again.add(job.name)
      else this.begin(job)
    }
  }

  /** Starts nothing any more; resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.isStopped = true
    for (const timer of this.timers.values()) clearTimeout(timer)
    await Promise.all(this.running.values())
  }

  private plan(job: ScheduledJob, tookMs = 0): void {
    const { name, everyMs, pace } = job
    if (this.isStopped || everyMs === 0) return
    const wait = pace === undefined ? everyMs : restAfter(tookMs, { ...pace, everyMs })
    this.timers.set(
      name,
      setTimeout(() => this.begin(job), wait),
    )
  }

  private begin(job: ScheduledJob): void {
    clearTimeout(this.timers.get(job.name))
    const startedAt = performance.now()
    const run = job
      .run()
      .catch((error: unknown) => {
        const named = storageFailure(error) ?? error
        const code = named instanceof Error && 'code' in named ? String(named.code) : 'internal'
        this.log.warn('schedule.failed', { job: job.name, code })
      })
      .then(() => {
        this.running.delete(job.name)
        if (this.again.delete(job.name) && !this.isStopped) this.begin(job)
        else this.plan(job, performance.now() - startedAt)
      })
    this.running.set(job.name, run)
  }
}
