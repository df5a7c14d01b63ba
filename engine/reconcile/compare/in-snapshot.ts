import { splitTableName } from '../../../core/source-table-name.ts'
import type { KeptConnection } from '../../postgres/connection/kept-connection.ts'
import { readingFailure } from '../../postgres/connection/reading-failure.ts'
import { closeClient, connectSource, type Source } from '../../postgres/connection/source-connection.ts'
import { isOfSource } from '../../postgres/connection/source-error.ts'
import { checkUnchanged, enterSnapshot } from '../../postgres/copy/enter-snapshot.ts'
import type { ProveDeps } from './open-sides.ts'

export interface SnapshotReading {
  readonly source: Source
  readonly connection: KeptConnection
  readonly snapshot: { readonly snapshotName: string }
  /** Source table, as contracts name it. */
  readonly table: string
  readonly signal: AbortSignal
  readonly lockMs?: number | undefined
}

/**
 * Does `work` with a connection that reads one table in a snapshot. When the signal aborts the statement that runs is
 * cancelled at the source, too. Throws the signal's reason, `source/…` failures and what `work` throws.
 */
export async function inSnapshot<T>(
  { source, connection, snapshot: { snapshotName }, signal, lockMs, ...given }: SnapshotReading,
  work: (reading: Pick<ProveDeps, 'client' | 'aside' | 'confirm'>) => Promise<T>,
): Promise<T> {
  const table = splitTableName(given.table)
  signal.throwIfAborted()
  /* A table may take longer than any fixed time; the caller's deadline cuts the connection. */
  const session = await connection.take()
  const { client, pid } = session
  let isKept = false
  let cutting: Promise<void> | undefined
  const cut = () => {
    cutting = cancelled(source, pid).finally(() => client.connection.stream.destroy())
  }
  signal.addEventListener('abort', cut, { once: true })
  try {
    await enterSnapshot(client, snapshotName, table, lockMs)
    const result = await work({
      client,
      aside: async (wait) => {
        await client.query('COMMIT')
        const answer = await wait()
        await enterSnapshot(client, snapshotName, table, lockMs)
        return answer
      },
      confirm: () => checkUnchanged(client, table),
    })
    isKept = await client.query('ROLLBACK').then(
      () => true,
      () => false,
    )
    return result
  } catch (cause) {
    signal.throwIfAborted()
    throw isOfSource(cause)
      ? await readingFailure(client, table, cause, `${given.table} cannot be compared`)
      : cause
  } finally {
    signal.removeEventListener('abort', cut)
    await cutting
    await (isKept && !signal.aborted ? connection.giveBack(session) : closeClient(client))
  }
}

/* Cutting the connection alone leaves the statement running until it next writes. Bounded; never throws. */
async function cancelled(source: Source, pid: number): Promise<void> {
  try {
    const client = await connectSource(source, { applicationName: 'tidemark cancel', queryMs: CANCEL_MS })
    await client.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined)
    await closeClient(client)
  } catch {
    /* The source cannot be reached: there is nothing to cancel, or the server finds out by itself. */
  }
}

const CANCEL_MS = 5_000
