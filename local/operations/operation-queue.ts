import { Mutex } from '../../core/mutex.ts'

/** Lets operations on a folder run one after another: two readings of one table at once would share a revision. */
export class OperationQueue {
  private readonly turns = new Mutex()
  private isClosed = false

  /** Runs `work` when every earlier one has ended, however it did. Throws `closed()` once the queue is closed. */
  run<T>(work: () => Promise<T>, closed: () => Error): Promise<T> {
    return this.turns.run(() => {
      if (this.isClosed) throw closed()
      return work()
    })
  }

  /** Starts nothing any more; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.isClosed = true
    await this.turns.idle()
  }
}
