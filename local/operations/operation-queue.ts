/** Lets operations on a folder run one after another: two readings of one table at once would share a revision. */
export class OperationQueue {
  private last: Promise<unknown> = Promise.resolve()
  private isClosed = false

  /** Runs `work` when every earlier one has ended, however it did. Throws `closed()` once the queue is closed. */
  run<T>(work: () => Promise<T>, closed: () => Error): Promise<T> {
    const turn = this.last.then(() => {
      if (this.isClosed) throw closed()
      return work()
    })
    this.last = turn.catch(() => undefined)
    return turn
  }

  /** Starts nothing any more; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.last
  }
}
