import type pg from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { formatLsn, parseLsn } from '../connection/lsn.ts'
import { checkSlotName, quoteIdentifier, quoteLiteral } from '../connection/quote-identifier.ts'
import { closeClient, connectSource, type Source } from '../connection/source-connection.ts'
import {
  meaningOf,
  noPublication,
  noticeText,
  olderTransaction,
  type SlotLook,
  slotCreationError,
  startError,
  streamError,
} from './replication-error.ts'

/** A slot at its creation. The snapshot lives until the connection closes or runs another command. */
export interface CreatedSlot {
  /** Every commit before this position is in the snapshot, every later one will be in the stream. */
  readonly consistentPoint: bigint
  readonly snapshotName: string
  /** The server's clock before the slot was made, epoch milliseconds: what commits after the position commits later. */
  readonly begunAt: number
}

/** Receives the stream. `message` may not keep the bytes past the call. */
export interface StreamHandler {
  readonly message: (bytes: Buffer) => void
  /** Once, when the stream is over without `close` having been called. */
  readonly broken: (error: PipelineError) => void
  /** The server holds the stream back until its standby has the changes; it goes on by itself. */
  readonly standbyWaits?: (text: string) => void
  /** Whatever else the server says beside the stream. */
  readonly notice?: (text: string) => void
}

const COPY_DATA = 0x64
const STATUS_UPDATE = 0x72
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n

/** A session of PostgreSQL's replication protocol, for one slot creation or one stream. */
export class ReplicationConnection {
  private readonly client: pg.Client
  private closing = false

  private constructor(client: pg.Client) {
    this.client = client
  }

  static async open(source: Source, applicationName?: string): Promise<ReplicationConnection> {
    const options = applicationName === undefined ? {} : { applicationName }
    return new ReplicationConnection(await connectSource(source, { ...options, replication: true }))
  }

  /** The server's identity and the end of its log. */
  async identify(): Promise<{ readonly systemId: string; readonly timeline: string; readonly end: bigint }> {
    const row = await this.command<{ systemid: string; timeline: number; xlogpos: string }>('IDENTIFY_SYSTEM')
    return { systemId: row.systemid, timeline: String(row.timeline), end: parseLsn(row.xlogpos) }
  }

  /**
   * Creates a pgoutput slot and exports its snapshot. Waits for the transactions that are running
   * now, for each of them at most `waitMs`. Throws source/transaction-open, source/standby,
   * source/slot-foreign, source/slots-exhausted, source/privilege.
   */
  async createSlot(name: string, options: { temporary: boolean; waitMs: number }): Promise<CreatedSlot> {
    const slot = quoteIdentifier(checkSlotName(name))
    try {
      await this.client.query(`set lock_timeout = ${Math.max(1, Math.floor(options.waitMs))}`)
      const { rows } = await this.client.query<{ now: string }>(
        'select floor(extract(epoch from clock_timestamp()) * 1000)::text as now',
      )
      const row = await this.command<{ consistent_point: string; snapshot_name: string }>(
        `CREATE_REPLICATION_SLOT ${slot} ${options.temporary ? 'TEMPORARY ' : ''}LOGICAL pgoutput EXPORT_SNAPSHOT`,
        { milliseconds: options.waitMs * 2 + 60_000, late: () => olderTransaction(name) },
      )
      return {
        consistentPoint: parseLsn(row.consistent_point),
        snapshotName: row.snapshot_name,
        begunAt: Number(rows[0]?.now),
      }
    } catch (cause) {
      throw slotCreationError(name, cause, await this.look(name))
    }
  }

  /** Starts the stream of a slot; resolves when the server has agreed. `startLsn` 0 means the slot's own position. */
  async start(
    options: { readonly slot: string; readonly publication: string; readonly startLsn: bigint },
    handler: StreamHandler,
  ): Promise<void> {
    /* A list of identifiers inside a string; this grammar knows no escape but the doubled quote. */
    const publication = quoteIdentifier(options.publication).replaceAll("'", "''")
    const command = `START_REPLICATION SLOT ${quoteIdentifier(checkSlotName(options.slot))} LOGICAL ${formatLsn(options.startLsn)} (proto_version '1', publication_names '${publication}')`
    let started = false
    let over = false
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: unknown): void => {
        if (this.closing || over) return
        over = true
        if (started) handler.broken(streamError(options, cause))
        else reject(cause)
      }
      /* The driver hands copy data of a query to the query: this one is active until the end. */
      const stream = {
        submit: (connection: pg.Connection) => connection.query(command),
        handleCopyData: (message: { readonly chunk: Buffer }) => {
          if (!this.closing) handler.message(message.chunk)
        },
        handleError: fail,
        handleCommandComplete: () => fail(new Error('the server ended the stream')),
        handleReadyForQuery: () => undefined,
      }
      this.client.connection.once('replicationStart', () => {
        started = true
        resolve()
      })
      this.client.once('error', fail)
      this.client.on('notice', ({ code = '', routine, detail, hint, message }) => {
        const notice = { code, routine, detail, hint, message }
        const meaning = meaningOf(notice)
        if (meaning === 'no-publication') fail(noPublication(options.publication))
        else if (meaning === 'standby-waits') handler.standbyWaits?.(noticeText(notice))
        else handler.notice?.(noticeText(notice))
      })
      this.client.query(stream)
    }).catch(async (cause: unknown) => {
      throw startError(options.slot, cause, await this.look(options.slot))
    })
  }

  /**
   * Tells the server that every commit that ends at or before `lsn` is delivered: it may forget
   * them. `now` in ms since 1970; `askReply` makes the server answer at once.
   */
  sendStatus(lsn: bigint, now: number, askReply = false): void {
    const { stream } = this.client.connection
    if (!stream.writable) return
    const frame = Buffer.alloc(39)
    frame.writeUInt8(COPY_DATA, 0)
    frame.writeUInt32BE(38, 1)
    frame.writeUInt8(STATUS_UPDATE, 5)
    frame.writeBigUInt64BE(lsn, 6)
    frame.writeBigUInt64BE(lsn, 14)
    frame.writeBigUInt64BE(lsn, 22)
    frame.writeBigInt64BE(BigInt(now) * 1000n - POSTGRES_EPOCH_MICROS, 30)
    frame.writeUInt8(askReply ? 1 : 0, 38)
    stream.write(frame)
  }

  /** Stops reading the socket: the server feels it when its buffers are full. */
  pause(): void {
    this.client.connection.stream.pause()
  }

  resume(): void {
    this.client.connection.stream.resume()
  }

  /** Drops a connection whose other end does not answer; `close` has nothing to wait for then. */
  abandon(): void {
    this.client.connection.stream.destroy()
  }

  /** Ends the session; resolves when the server has let go of the slot, by force after 5 s. Never throws. */
  async close(): Promise<void> {
    this.closing = true
    const { stream } = this.client.connection
    if (stream.destroyed) return
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
    stream.resume()
    /* Terminate, after what was written before; the driver's own end would cut an active query off. */
    if (stream.writable) stream.write(Buffer.from([0x58, 0, 0, 0, 4]), () => stream.end())
    let timer: NodeJS.Timeout | undefined
    const forced = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 5_000)
    })
    await Promise.race([closed, forced])
    clearTimeout(timer)
    stream.destroy()
    await closeClient(this.client)
  }

  /* After a refused command, on the same session; the protocol takes SQL without parameters. */
  private async look(slot: string): Promise<SlotLook | undefined> {
    try {
      return await this.command<SlotLook>(
        `select pg_is_in_recovery() as "isStandby", s.slot_name is not null as "exists",
           coalesce(to_jsonb(s) ->> 'wal_status' = 'lost', false)
             or to_jsonb(s) ->> 'invalidation_reason' is not null as "isLost"
         from (select) one left join pg_replication_slots s on s.slot_name = ${quoteLiteral(checkSlotName(slot))}`,
        { milliseconds: 10_000 },
      )
    } catch {
      return undefined
    }
  }

  /* The first row of a command's answer. A server that gives none in time loses the connection. */
  private async command<Row extends object>(
    text: string,
    { milliseconds, late }: { milliseconds: number; late?: () => PipelineError } = { milliseconds: 60_000 },
  ): Promise<Row> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.abandon()
    }, milliseconds)
    try {
      const { rows } = await this.client.query<Row>(text)
      const row = rows[0]
      if (row === undefined)
        throw new PipelineError('source/protocol', 'a replication command gave no answer')
      return row
    } catch (cause) {
      if (!isLate) throw cause
      throw (
        late?.() ??
        new PipelineError('source/unreachable', `no answer within ${milliseconds / 1_000} s`, { cause })
      )
    } finally {
      clearTimeout(timer)
    }
  }
}
