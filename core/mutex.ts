/** One piece of work at a time, in the order in which it was asked for; work that fails keeps none behind it from running. */
export class Mutex {
  private last: Promise<unknown> = Promise.resolve()

  /** Runs `work` once all before it has ended; gives what it gives and throws what it throws. A result that nobody awaits may fail. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => undefined)
    return done
  }

  /** Resolves once all work that was asked for until now has ended, however it did. */
  async idle(): Promise<void> {
    await this.last
  }
}
