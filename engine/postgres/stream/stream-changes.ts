import { PipelineError } from '../../../core/failures/failures.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { formatLsn } from '../connection/lsn.ts'
import type { Source } from '../connection/source-connection.ts'
import { RecordRenderer } from '../records/record-renderer.ts'
import { startSequence } from '../records/record-sequence.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { type AlteredTable, ChangeTranslator } from './change-translator.ts'
import { DeliveryQueue, type ReplicationBatch } from './delivery-queue.ts'
import { describeRelation } from './describe-relation.ts'
import { ReplicationConnection } from './replication-connection.ts'

export interface StreamOptions {
  readonly source: Source
  readonly slot: string
  readonly publication: string
  /**
   * With their columns as far as the lake knows them: what differs at the start is announced. One that has had another
   * name, or is gone, is there under the name that its changes may still have.
   */
  readonly tables: readonly SourceTable[]
  /** The keys of the lake's tables of a source table; the primary key alone when left out. */
  readonly keysOf?: (table: string) => readonly (readonly string[])[]
  /** Told of each table that is not as it was, before its next row is delivered. */
  readonly altered?: (table: AlteredTable) => void
  /** Both: see `TranslatorOptions`. */
  readonly reads?: (table: string, column: string) => boolean
  readonly hasForeignRows?: (table: string) => boolean
  /** Everything up to here is durable at the caller; 0 means the slot's own position. */
  readonly startLsn: bigint
  /** Durable when it resolves: the source may forget the batch. One call at a time, in order. */
  readonly deliver: (batch: ReplicationBatch) => Promise<void>
  /** Notes durably what the source is told next, so that a slot which is further has been moved by somebody else. */
  readonly note?: (lsn: bigint) => Promise<void>
  /** Everything up to this LSN is delivered and nothing waits. */
  readonly onIdle?: (lsn: bigint) => void
  /** The server has agreed to send. */
  readonly onStart?: () => void
  /** A message came, the answer to a ping included; at ms since 1970. */
  readonly onHeard?: (at: number) => void
  /** The server holds the stream back for a standby, and says so again and again; it goes on by itself. */
  readonly onStandby?: (line: string) => void
  readonly batchRecords?: number
  readonly batchBytes?: number
  readonly lingerMs?: number
  /** A connection on which nothing arrives for this long, answers to our own pings included, is dead. */
  readonly silenceMs?: number
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly now?: () => number
  /** Share one among streams that must not repeat a sequence number. */
  readonly sequence?: () => string
}

const WAL_DATA = 0x77
const KEEPALIVE = 0x6b
const WAL_HEADER = 25
const TICK_MS = 1_000
const STATUS_MS = 10_000
/* A server that is there says something within 30 s, whatever it works on: see `settleSession`. */
const SILENCE_MS = 60_000

/**
 * Reads a slot until `signal`, and delivers its changes in commit order, at least once. The source
 * is told only what `deliver` has resolved for, so a stop at any point loses nothing; a repeated
 * change renders the same bytes, but for `metadata.timestamp` and, on the first record of a run,
 * the `prev-` fields. Resolves after `signal` when the last batch is delivered and the slot is
 * free. Throws what `deliver` throws; source/unreachable when the connection breaks or falls silent,
 * source/query-failed when the server ends the stream with an error, source/protocol (start again
 * from the last `through`, after `checkSlot`: the server may still hold the slot for the dead
 * connection); source/slot-lost, source/slot-in-use, source/publication.
 */
export async function streamChanges(options: StreamOptions): Promise<void> {
  if (options.signal.aborted) return
  const connection = await ReplicationConnection.open(options.source, 'tidemark stream')
  const stream = new ChangeStream(connection, options)
  try {
    await stream.run()
  } finally {
    await connection.close()
  }
}

class ChangeStream {
  private readonly connection: ReplicationConnection
  private readonly options: StreamOptions
  private readonly queue: DeliveryQueue
  private readonly acknowledgement: Acknowledgement
  private readonly translator: ChangeTranslator
  private readonly highWater: number
  private readonly now: () => number
  /* Messages that arrived while a lookup of changed columns is under way; undefined otherwise. */
  private backlog: Buffer[] | undefined
  private paused = false
  private failure: { readonly cause: unknown } | undefined
  private over = false
  private heardAt: number
  private statusAt: number
  private readonly ended: Promise<void>
  private resolveEnd: () => void = () => undefined
  private rejectEnd: (cause: unknown) => void = () => undefined

  constructor(connection: ReplicationConnection, options: StreamOptions) {
    this.connection = connection
    this.options = options
    this.now = options.now ?? Date.now
    this.heardAt = this.now()
    this.statusAt = this.now()
    const batchBytes = options.batchBytes ?? 4 * 1024 * 1024
    this.highWater = 2 * batchBytes
    this.ended = new Promise((resolve, reject) => {
      this.resolveEnd = resolve
      this.rejectEnd = reject
    })
    /* It may reject before `run` waits for it. */
    this.ended.catch(() => undefined)
    this.queue = new DeliveryQueue({
      deliver: options.deliver,
      batchRecords: options.batchRecords ?? 8_000,
      batchBytes,
      lingerMs: options.lingerMs ?? 50,
      startLsn: options.startLsn,
      delivered: () => this.delivered(),
      idle: (lsn) => this.idle(lsn),
      failed: (cause) => this.fail(cause),
    })
    this.acknowledgement = new Acknowledgement({
      note: options.note,
      now: this.now,
      noted: () => (this.over ? undefined : this.sendStatus()),
      failed: (cause) => this.fail(cause),
    })
    const sequence = options.sequence ?? startSequence(this.now())
    this.translator = new ChangeTranslator({
      tables: options.tables,
      keysOf: options.keysOf,
      altered: options.altered,
      reads: options.reads,
      hasForeignRows: options.hasForeignRows,
      renderer: new RecordRenderer({ now: this.now, sequence }),
      describe: (relation, types) => describeRelation(options.source, relation, types),
      record: (record) => this.queue.add(record),
      committed: (endLsn) => this.queue.reach(endLsn),
    })
  }

  async run(): Promise<void> {
    const { options } = this
    const stop = (): void => this.finish()
    const timer = setInterval(() => this.tick(), TICK_MS)
    options.signal.addEventListener('abort', stop, { once: true })
    try {
      /* A server that never answers fails `ended` after the silence. */
      await Promise.race([this.start(), this.ended])
      if (options.signal.aborted) this.finish()
      await this.ended
      await this.queue.flush()
      /* A delivery may have failed during the flush. */
      if (this.failure !== undefined) throw this.failure.cause
      await this.acknowledgement.settle(this.queue.deliveredThrough)
      this.sendStatus()
    } finally {
      this.over = true
      clearInterval(timer)
      options.signal.removeEventListener('abort', stop)
      await this.queue.stop()
    }
  }

  private async start(): Promise<void> {
    const { options } = this
    await this.refuseForeignLog()
    await this.connection.start(options, {
      message: (bytes) => this.message(bytes),
      broken: (error) => this.fail(error),
      standbyWaits: (line) => options.onStandby?.(line),
      notice: (line) => options.log(`the source says: ${line}`),
    })
    options.log(`reading slot ${options.slot} from ${formatLsn(options.startLsn)}`)
    options.onStart?.()
  }

  /* A log that ends before our position is another log: the server was restored or replaced. */
  private async refuseForeignLog(): Promise<void> {
    const { end } = await this.connection.identify()
    if (this.options.startLsn > end)
      throw new PipelineError(
        'source/slot-lost',
        `the log of the source ends at ${formatLsn(end)}, before the position ${formatLsn(this.options.startLsn)} already read: the server was restored or replaced`,
      )
  }

  private message(bytes: Buffer): void {
    if (this.over) return
    this.heardAt = this.now()
    this.options.onHeard?.(this.heardAt)
    /* The driver reuses its buffer: what waits is copied. */
    if (this.backlog !== undefined) this.backlog.push(Buffer.from(bytes))
    else this.take(bytes)
  }

  private take(bytes: Buffer): void {
    try {
      const lookup = this.dispatch(bytes)
      if (lookup !== undefined) this.holdFor(lookup)
    } catch (cause) {
      this.fail(cause)
    }
    if (!this.paused && this.queue.waitingBytes > this.highWater) {
      this.paused = true
      this.connection.pause()
    }
  }

  private dispatch(bytes: Buffer): Promise<void> | undefined {
    const type = bytes[0]
    if (type === WAL_DATA && bytes.length > WAL_HEADER) return this.translator.take(bytes, WAL_HEADER)
    if (type === KEEPALIVE && bytes.length >= 18) {
      /* Between transactions everything that ended before this position has been sent. */
      if (!this.translator.inTransaction) this.queue.reach(bytes.readBigUInt64BE(1))
      if (bytes[17] === 1) this.sendStatus()
      return
    }
    throw new PipelineError('source/protocol', 'a message of the stream is cut short or unknown')
  }

  /* Nothing is read meanwhile; only what the driver had already cut out of its buffer waits here. */
  private holdFor(lookup: Promise<void>): void {
    this.backlog = []
    this.connection.pause()
    lookup.then(
      () => {
        const waiting = this.backlog ?? []
        this.backlog = undefined
        for (const bytes of waiting) this.message(bytes)
        if (this.backlog === undefined) this.resumeWhenLow()
      },
      (cause: unknown) => this.fail(cause),
    )
  }

  private delivered(): void {
    this.sendStatus()
    this.resumeWhenLow()
  }

  private idle(lsn: bigint): void {
    this.sendStatus()
    try {
      this.options.onIdle?.(lsn)
    } catch (cause) {
      this.fail(cause)
    }
  }

  private resumeWhenLow(): void {
    if (this.over || this.backlog !== undefined || this.queue.waitingBytes > this.highWater / 2) return
    this.paused = false
    this.heardAt = this.now()
    this.connection.resume()
  }

  private tick(): void {
    const now = this.now()
    const isWaiting = this.paused || this.backlog !== undefined
    /* While we do not read, the server's requests for a reply are not seen: answer them unasked. */
    if (isWaiting) this.sendStatus()
    else if (now - this.statusAt >= STATUS_MS) this.sendStatus(true)
    else this.acknowledgement.upTo(this.queue.deliveredThrough)
    const { silenceMs = SILENCE_MS } = this.options
    if (isWaiting || now - this.heardAt <= silenceMs) return
    this.fail(
      new PipelineError('source/unreachable', `nothing came from the source for ${silenceMs / 1_000} s`),
    )
    this.connection.abandon()
  }

  private sendStatus(askReply = false): void {
    this.statusAt = this.now()
    const told = this.acknowledgement.upTo(this.queue.deliveredThrough)
    this.connection.sendStatus(told, this.statusAt, askReply)
  }

  private finish(): void {
    this.over = true
    this.resolveEnd()
  }

  private fail(cause: unknown): void {
    this.over = true
    this.failure ??= { cause }
    this.rejectEnd(cause)
  }
}
