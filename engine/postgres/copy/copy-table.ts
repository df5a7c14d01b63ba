import type pg from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { KeptConnection } from '../connection/kept-connection.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'
import { readingFailure } from '../connection/reading-failure.ts'
import { closeClient, type Source } from '../connection/source-connection.ts'
import { errorCodeOf } from '../connection/source-error.ts'
import { CopyOut } from './copy-out.ts'
import { checkUnchanged, enterSnapshot } from './enter-snapshot.ts'
import { rowsSelect } from './rows-select.ts'

export interface CopyOptions {
  /** The server must send something within this time while it is asked to (default 120 s). */
  readonly silenceMs?: number
  /** How long a transaction that keeps the table locked against readers is waited for (default 20 s). */
  readonly lockMs?: number
  readonly signal?: AbortSignal
  /** Where the session comes from, and goes when all went well; one of its own when left out. */
  readonly connection?: KeptConnection
}

/**
 * Sends the table's rows as of the snapshot to `consume`, as bytes of COPY's text format after a first column that is
 * always `x`: no row is empty or begins with bytes of a value. Reads no further while `consume` is pending. Resolves with
 * the server's count of rows: all of the table at the snapshot, or it throws `source/table-changed` because the snapshot is
 * older than a rewrite of the table (see `checkUnchanged`), and a newer one is needed. Throws what `consume` throws, the
 * signal's reason, source/privilege, source/table-gone, source/no-tables, source/table-busy, or source/unreachable when the connection or
 * the snapshot is lost.
 */
export async function copyTable(
  source: Source,
  { snapshotName }: { readonly snapshotName: string },
  table: SourceTable,
  consume: (bytes: Buffer) => Promise<void>,
  options: CopyOptions = {},
): Promise<number> {
  const { signal, lockMs, silenceMs = 120_000 } = options
  const connection = options.connection ?? new KeptConnection(source, 'tidemark load')
  const session = await connection.take()
  const { client } = session
  let isKept = false
  const stop = (): void => {
    client.connection.stream.destroy()
  }
  let silence = setTimeout(stop, silenceMs)
  signal?.addEventListener('abort', stop, { once: true })
  let failure: { readonly cause: unknown } | undefined
  try {
    signal?.throwIfAborted()
    await enterSnapshot(client, snapshotName, table, lockMs)
    const copy = client.query(
      new CopyOut(`COPY (${rowsSelect(table, ["'x'"])}) TO STDOUT`, async (bytes) => {
        clearTimeout(silence)
        try {
          await consume(bytes)
        } catch (cause) {
          failure = { cause }
          throw cause
        }
        silence = setTimeout(stop, silenceMs)
      }),
    )
    const rows = await copy.rows
    /* Who reads a table that is in one piece holds it as it is; to another one a partition may have come. */
    if (table.isPartitioned) await checkUnchanged(client, table)
    await client.query('COMMIT')
    isKept = options.connection !== undefined
    return rows
  } catch (cause) {
    if (failure !== undefined || signal?.aborted === true) stop()
    if (failure !== undefined) throw failure.cause
    signal?.throwIfAborted()
    throw await copyError(client, table, cause)
  } finally {
    clearTimeout(silence)
    signal?.removeEventListener('abort', stop)
    await (isKept ? connection.giveBack(session) : closeClient(client))
  }
}

async function copyError(client: pg.Client, table: SourceTable, cause: unknown): Promise<PipelineError> {
  const name = sourceTableName(table)
  if (errorCodeOf(cause) === '42703')
    return new PipelineError('source/no-tables', `${name} is not as it was when the catalog was read`, {
      cause,
    })
  if (UNREADABLE.test(errorCodeOf(cause)))
    return new PipelineError(
      'source/unreadable-row',
      `PostgreSQL cannot send every row of ${name}: SQLSTATE ${errorCodeOf(cause)}. Its largest rows: ${largestRows(table)}`,
      { cause },
    )
  return readingFailure(client, table, cause, `the load of ${name} broke off`)
}

/* A row of more than 1 GB as text (program limit exceeded, out of memory, an internal error before 15), and damaged ones. */
const UNREADABLE = /^(22...|54...|53200|XX...)$/
const TEXT_AND_BYTES: readonly number[] = [17, 25, 1042, 1043]

/* Neither function reads a value that is stored out of line. */
function largestRows(table: SourceTable): string {
  const sizes = table.columns.map(({ name, baseTypeOid }) => {
    const size = TEXT_AND_BYTES.includes(baseTypeOid) ? 'octet_length' : 'pg_column_size'
    return `coalesce(${size}(${quoteIdentifier(name)}), 0)::int8`
  })
  const key = table.key.map(quoteIdentifier).join(', ')
  return `SELECT ${key}, ${sizes.join(' + ')} AS bytes FROM ${quoteTable(table)} ORDER BY bytes DESC LIMIT 5;`
}
