import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { PipelineError } from '../../core/failures.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import { CopyReader } from './copy-reader.ts'
import { quoteIdentifier, quoteLiteral, quoteTable } from './quote-identifier.ts'
import { RecordRenderer } from './record-renderer.ts'
import { startSequence } from './record-sequence.ts'
import type { SourceTable } from './source-catalog.ts'
import { closeClient, connectSource, type Source } from './source-connection.ts'
import { errorCodeOf, toSourceError } from './source-error.ts'
import { defineTable } from './table-definition.ts'
import { layoutSourceTable } from './table-layout.ts'

export interface LoadOptions {
  /** Bytes of records after which a batch is emitted (default 4 MiB). */
  readonly batchBytes?: number
  /** The server must send something within this time while it is asked to (default 120 s). */
  readonly silenceMs?: number
  readonly signal?: AbortSignal
  readonly now?: () => number
  /** Share one among streams that must not repeat a sequence number. */
  readonly sequence?: () => string
}

/**
 * Reads one table as of the snapshot: a `create-table` control record, then one `load` record for
 * each row, in no order. Holds one batch and one row at most; reads no further while `emit` is
 * pending. Resolves with the number of rows when the last batch is emitted. Throws what `emit`
 * throws, source/privilege, or source/unreachable when the connection or the snapshot is lost.
 */
export async function loadTable(
  source: Source,
  snapshot: { readonly snapshotName: string },
  table: SourceTable,
  emit: (records: StreamRecord[]) => Promise<void>,
  options: LoadOptions = {},
): Promise<{ readonly rows: number }> {
  const now = options.now ?? Date.now
  const renderer = new RecordRenderer({ now, sequence: options.sequence ?? startSequence(now()) })
  const layout = layoutSourceTable(table)
  const batches = new LoadBatches(emit, options.batchBytes ?? 4 * 1024 * 1024, options.signal)
  batches.add(renderer.control('create-table', layout, defineTable(layout)))
  const client = await connectSource(source, { applicationName: 'tidemark load', queryMs: 0 })
  try {
    let rows = 0
    await copyRows(client, snapshot.snapshotName, table, options, async (chunk, reader) => {
      reader.push(chunk, (row) => {
        rows += 1
        batches.add(renderer.load(layout, row))
      })
      await batches.emitFull()
      return rows
    })
    await batches.emitAll()
    return { rows }
  } finally {
    await closeClient(client)
  }
}

/** Every row of a table: a root's rows include its partitions', a parent's not its children's. */
export function rowsSelect(table: SourceTable): string {
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ')
  return `SELECT ${columns} FROM ${table.isPartitioned ? '' : 'ONLY '}${quoteTable(table)}`
}

function copyStatement(table: SourceTable): string {
  return `COPY (${rowsSelect(table)}) TO STDOUT`
}

/* What one chunk of COPY makes may be several batches: none is larger than asked for its last record. */
class LoadBatches {
  private full: StreamRecord[][] = []
  private current: StreamRecord[] = []
  private bytes = 0
  private readonly emit: (records: StreamRecord[]) => Promise<void>
  private readonly maxBytes: number
  private readonly signal: AbortSignal | undefined

  constructor(
    emit: (records: StreamRecord[]) => Promise<void>,
    maxBytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.emit = emit
    this.maxBytes = maxBytes
    this.signal = signal
  }

  add(record: StreamRecord): void {
    this.current.push(record)
    this.bytes += record.data.length
    if (this.bytes >= this.maxBytes) this.rotate()
  }

  async emitFull(): Promise<void> {
    const batches = this.full
    this.full = []
    for (const batch of batches) {
      this.signal?.throwIfAborted()
      await this.emit(batch)
    }
  }

  async emitAll(): Promise<void> {
    this.rotate()
    await this.emitFull()
  }

  private rotate(): void {
    if (this.current.length > 0) this.full.push(this.current)
    this.current = []
    this.bytes = 0
  }
}

async function enterSnapshot(client: pg.Client, snapshotName: string): Promise<void> {
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotName)}`)
  } catch (cause) {
    throw new PipelineError('source/unreachable', 'the snapshot of the load is gone', { cause })
  }
}

async function copyRows(
  client: pg.Client,
  snapshotName: string,
  table: SourceTable,
  options: LoadOptions,
  consume: (chunk: Buffer, reader: CopyReader) => Promise<number>,
): Promise<void> {
  const reader = new CopyReader(table.columns.length)
  const stop = (): void => {
    client.connection.stream.destroy()
  }
  const silenceMs = options.silenceMs ?? 120_000
  let silence = setTimeout(stop, silenceMs)
  options.signal?.addEventListener('abort', stop, { once: true })
  let failure: { readonly cause: unknown } | undefined
  let rows = 0
  try {
    options.signal?.throwIfAborted()
    await enterSnapshot(client, snapshotName)
    const copy = client.query(copyTo(copyStatement(table)))
    /* A connection that ends after the loop below has left would have no listener for its error. */
    copy.on('error', () => undefined)
    /* The driver's type says any; COPY data are buffers. */
    for await (const chunk of copy as AsyncIterable<Buffer>) {
      clearTimeout(silence)
      try {
        rows = await consume(chunk, reader)
      } catch (cause) {
        failure = { cause }
        throw cause
      }
      silence = setTimeout(stop, silenceMs)
    }
    reader.end()
    /* Its answer comes after COPY's own: only then is the server's count of rows there. */
    await client.query('COMMIT')
    if (copy.rowCount !== rows)
      throw new PipelineError(
        'source/protocol',
        `COPY of ${table.schema}.${table.name} gave ${rows} rows, not ${copy.rowCount}`,
      )
  } catch (cause) {
    stop()
    if (failure !== undefined) throw failure.cause
    options.signal?.throwIfAborted()
    throw copyError(table, client.user ?? 'CURRENT_USER', cause)
  } finally {
    clearTimeout(silence)
    options.signal?.removeEventListener('abort', stop)
  }
}

function copyError(table: SourceTable, role: string, cause: unknown): PipelineError {
  const name = `${table.schema}.${table.name}`
  if (errorCodeOf(cause) === '42501')
    return new PipelineError(
      'source/privilege',
      `cannot read ${name}: GRANT SELECT ON ${quoteTable(table)} TO ${quoteIdentifier(role)};`,
      { cause },
    )
  if (errorCodeOf(cause) === '42P01' || errorCodeOf(cause) === '42703')
    return new PipelineError('source/no-tables', `${name} is not as it was when the catalog was read`, {
      cause,
    })
  return toSourceError(cause, `the load of ${name} broke off`)
}
