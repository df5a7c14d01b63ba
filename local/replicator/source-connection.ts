import pg from 'pg'
import { PipelineError } from '../../core/failures.ts'
import { toSourceError } from './source-error.ts'

/** Where the source is: a `postgres://` URL, password included. Never logged. */
export interface Source {
  readonly url: string
}

const CONNECT_MS = 15_000

/* One text for each value on every path: COPY, the stream and queries print with the same settings.
   Row security would hide rows silently; off, the server refuses instead. */
const SETTINGS = `set client_encoding = 'UTF8';
  set client_min_messages = warning;
  set timezone = 'UTC';
  set datestyle = 'ISO, MDY';
  set intervalstyle = 'postgres';
  set extra_float_digits = 3;
  set bytea_output = 'hex';
  set row_security = off;
  set statement_timeout = 0;
  set idle_in_transaction_session_timeout = 0;
  set standard_conforming_strings = on`

/**
 * Opens a connection whose values have the replicator's text form. With `replication` it speaks
 * the replication protocol too. The caller ends it. Throws source/unreachable,
 * source/authentication or source/slots-exhausted (no free WAL sender).
 */
export async function connectSource(
  source: Source,
  options: { readonly replication?: boolean; readonly applicationName?: string } = {},
): Promise<pg.Client> {
  const client = createClient(source, options)
  /* Without a listener a connection that breaks while idle would end the process. */
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(SETTINGS)
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
    if (Number(rows[0]?.server_version_num) >= 140_000) await client.query('set idle_session_timeout = 0')
    return client
  } catch (cause) {
    await closeClient(client)
    if (options.replication === true && cause instanceof Error && 'code' in cause && cause.code === '53300')
      throw new PipelineError(
        'source/slots-exhausted',
        `no WAL sender is free at ${addressOf(source)}: ALTER SYSTEM SET max_wal_senders = 20, then restart PostgreSQL`,
        { cause },
      )
    throw toSourceError(cause, `cannot connect to ${addressOf(source)}`)
  }
}

/** Ends a connection, by force after 5 s. Never throws. */
export async function closeClient(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const forced = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      client.connection.stream.destroy()
      resolve()
    }, 5_000)
  })
  await Promise.race([client.end().catch(() => undefined), forced])
  clearTimeout(timer)
}

/** Host, port and database of a source, for messages: no user, no password. */
export function addressOf(source: Source): string {
  try {
    const { host, pathname } = new URL(source.url)
    return `${host}${pathname}`
  } catch {
    return 'the source'
  }
}

function createClient(
  source: Source,
  options: { replication?: boolean; applicationName?: string },
): pg.Client {
  const config: pg.ClientConfig & { replication?: string } = {
    connectionString: source.url,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: options.applicationName ?? 'tidemark',
    ...(options.replication === true ? { replication: 'database' } : {}),
  }
  try {
    return new pg.Client(config)
  } catch (cause) {
    throw new PipelineError('usage/invalid', 'the source is not a valid postgres:// URL', { cause })
  }
}
