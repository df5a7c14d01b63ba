import { checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { PipelineError } from '../../core/failures.ts'
import { toSourceError } from './source-error.ts'

/** Where the source is: a `postgres://` URL, password included. Never logged. */
export interface Source {
  readonly url: string
  /** Nothing but TLS, and only to a server whose certificate is of its host and signed by one of `ca`, PEM. */
  readonly tls?: { readonly ca: string } | undefined
}

const CONNECT_MS = 15_000
const QUERY_MS = 60_000

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

export interface ConnectOptions {
  /** Speaks the replication protocol as well as SQL. */
  readonly replication?: boolean
  readonly applicationName?: string
  /** A query without its answer after this time fails (default 60 s); 0 for connections that copy. */
  readonly queryMs?: number
}

/**
 * Opens a connection whose values have the replicator's text form. The caller ends it. Throws source/unreachable,
 * source/authentication or source/slots-exhausted (no free WAL sender).
 */
export async function connectSource(source: Source, options: ConnectOptions = {}): Promise<pg.Client> {
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

function createClient(source: Source, options: ConnectOptions): pg.Client {
  const config: pg.ClientConfig & { replication?: string } = {
    connectionString: source.url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: options.replication === true ? 0 : (options.queryMs ?? QUERY_MS),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: options.applicationName ?? 'tidemark',
    ...(options.replication === true ? { replication: 'database' } : {}),
    ...(source.tls === undefined ? {} : { ssl: verified(source.url, source.tls.ca) }),
  }
  try {
    return new pg.Client(config)
  } catch (cause) {
    throw new PipelineError('usage/invalid', 'the source is not a valid postgres:// URL', { cause })
  }
}

/* Node knows no name to check when the host is an address, so the name is said here. */
function verified(url: string, ca: string): pg.ClientConfig['ssl'] {
  const host = new URL(url).hostname
  return { ca, rejectUnauthorized: true, checkServerIdentity: (_, found) => checkServerIdentity(host, found) }
}
