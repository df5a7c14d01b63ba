import { PipelineError } from '../../core/failures/failures.ts'

interface Pause {
  /** Does what was asked; never throws. False: it failed, and whoever asked knows. */
  readonly work: () => Promise<boolean>
  readonly over: () => void
  readonly cancel: () => void
}

/** Lets others do something between two readings of a slot, and tells them when reading goes on. */
export class ReadingPauses {
  private asked: Pause[] = []
  private done: Pause[] = []
  private turn = new AbortController()
  private isClosed = false

  /** See `SourceRun.pause`. */
  request<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly milliseconds: number }> {
    return new Promise((resolve, reject) => {
      const askedAt = performance.now()
      const cancel = () => reject(new PipelineError('run/locked', 'the running Tidemark is stopping'))
      if (this.isClosed) {
        cancel()
        return
      }
      let result: { readonly value: T } | undefined
      this.asked.push({
        cancel,
        work: async () => {
          try {
            result = { value: await work() }
            return true
          } catch (error) {
            reject(error)
            return false
          }
        },
        over: () => {
          if (result !== undefined)
            resolve({ result: result.value, milliseconds: Math.round(performance.now() - askedAt) })
        },
      })
      this.turn.abort()
    })
  }

  /** Before each reading: does what was asked for. Gives the signal at which the reading has to stop. */
  async between(signal: AbortSignal): Promise<AbortSignal> {
    this.turn = new AbortController()
    while (!signal.aborted) {
      const next = this.asked.shift()
      if (next === undefined) break
      if (await next.work()) this.done.push(next)
    }
    return AbortSignal.any([signal, this.turn.signal])
  }

  /** Reading goes on. */
  over(): void {
    for (const pause of this.done.splice(0)) pause.over()
  }

  /** Nothing is read any more. */
  close(): void {
    this.isClosed = true
    for (const pause of [...this.asked.splice(0), ...this.done.splice(0)]) pause.cancel()
  }
}
