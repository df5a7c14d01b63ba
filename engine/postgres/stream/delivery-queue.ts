import type { StreamRecord } from '../../../core/stream-record.ts'

export interface ReplicationBatch {
  /** In commit order. A batch may end inside a transaction. */
  readonly records: readonly StreamRecord[]
  /** Every commit that ends at or before this LSN is in this or an earlier batch. */
  readonly through: bigint
}

export interface DeliveryOptions {
  readonly deliver: (batch: ReplicationBatch) => Promise<void>
  readonly batchRecords: number
  readonly batchBytes: number
  readonly lingerMs: number
  /** Where the stream starts: everything before is delivered. */
  readonly startLsn: bigint
  /** Told after each delivery, with the LSN through which everything is delivered. */
  readonly delivered: (through: bigint) => void
  /** Told when nothing waits and the stream has reached an LSN without a record to deliver. */
  readonly idle: (lsn: bigint) => void
  /** Told once, with what `deliver` threw; nothing is delivered after it. */
  readonly failed: (cause: unknown) => void
}

interface Batch {
  records: StreamRecord[]
  bytes: number
  through: bigint
}

/**
 * Packs records into batches and delivers them one at a time, in order. Nothing counts as
 * delivered before its `deliver` has resolved. It never refuses a record: the producer must pause
 * while `waitingBytes` is too high.
 */
export class DeliveryQueue {
  private readonly options: DeliveryOptions
  private readonly full: Batch[] = []
  private current: Batch
  private reached: bigint
  private done: bigint
  private bytes = 0
  private inFlight: Promise<void> | undefined
  private linger: NodeJS.Timeout | undefined
  private stopped = false

  constructor(options: DeliveryOptions) {
    this.options = options
    this.reached = options.startLsn
    this.done = options.startLsn
    this.current = { records: [], bytes: 0, through: options.startLsn }
  }

  /** Bytes of records that no `deliver` has taken yet. */
  get waitingBytes(): number {
    return this.bytes
  }

  /** The LSN through which everything is delivered. */
  get deliveredThrough(): bigint {
    return this.done
  }

  add(record: StreamRecord): void {
    if (this.stopped) return
    const { current, options } = this
    current.records.push(record)
    current.bytes += record.data.length
    this.bytes += record.data.length
    if (current.records.length >= options.batchRecords || current.bytes >= options.batchBytes) {
      this.rotate()
      this.next()
    } else if (this.linger === undefined && this.inFlight === undefined) {
      this.linger = setTimeout(() => this.flushCurrent(), options.lingerMs)
    }
  }

  /** Every commit that ends at or before `lsn` has been added. */
  reach(lsn: bigint): void {
    if (lsn <= this.reached) return
    this.reached = lsn
    /* A full batch that already holds everything up to here may say so. */
    const last = this.full.at(-1)
    if (last !== undefined && this.current.records.length === 0) last.through = lsn
    this.settle()
  }

  /** Delivers all that waits; resolves when it is delivered, or delivery has failed. */
  async flush(): Promise<void> {
    this.flushCurrent()
    while (this.inFlight !== undefined) await this.inFlight
  }

  /** Delivers nothing more; resolves when the delivery in flight is over. */
  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.linger)
    while (this.inFlight !== undefined) await this.inFlight
  }

  private flushCurrent(): void {
    if (this.current.records.length > 0) this.rotate()
    this.next()
  }

  private rotate(): void {
    clearTimeout(this.linger)
    this.linger = undefined
    this.current.through = this.reached
    this.full.push(this.current)
    this.current = { records: [], bytes: 0, through: this.reached }
  }

  private next(): void {
    if (this.stopped || this.inFlight !== undefined) return
    const batch = this.full.shift()
    if (batch === undefined) {
      this.settle()
      return
    }
    this.bytes -= batch.bytes
    this.inFlight = this.run(batch)
  }

  private async run(batch: Batch): Promise<void> {
    try {
      await this.options.deliver({ records: batch.records, through: batch.through })
    } catch (cause) {
      this.stopped = true
      this.inFlight = undefined
      this.options.failed(cause)
      return
    }
    this.inFlight = undefined
    this.done = batch.through
    this.options.delivered(batch.through)
    /* What was collected meanwhile has waited long enough. */
    this.flushCurrent()
  }

  private settle(): void {
    const isEmpty = this.full.length === 0 && this.current.records.length === 0
    if (this.stopped || !isEmpty || this.inFlight !== undefined || this.reached <= this.done) return
    this.done = this.reached
    this.options.idle(this.reached)
  }
}
