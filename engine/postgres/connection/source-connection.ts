import { checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { errorCodeOf, toSourceError } from './source-error.ts'
import { poolerRefusal, type SessionOptions, sessionOptions, settleSession } from './source-session.ts'
import { addressOf, connectionOf, parseSourceUrl } from './source-url.ts'

/** Where the source is: a `postgres://` URL, password included. Never logged. */
export interface Source {
  readonly url: string
  /** Nothing but TLS, and only to a server whose certificate is of its host and signed by one of `ca`, PEM. */
  readonly tls?: { readonly ca: string } | undefined
}

const CONNECT_MS = 15_000
const QUERY_MS = 60_000

export interface ConnectOptions {
  /** Speaks the replication protocol as well as SQL. */
  readonly replication?: boolean
  readonly applicationName?: string
  /** A query without its answer after this time fails (default 60 s); 0 for connections that copy. */
  readonly queryMs?: number
}

/**
 * Opens a connection whose values have the replicator's text form, whatever role and database set: names without a schema
 * are the catalog's. The caller ends it. Throws source/unreachable, source/authentication, source/no-database, source/tls, source/pooler,
 * source/connections-exhausted, or source/slots-exhausted (no free WAL sender).
 */
export async function connectSource(source: Source, options: ConnectOptions = {}): Promise<pg.Client> {
  const { url, options: ofUrl } = connectionOf(source.url)
  const session = sessionOptions(ofUrl)
  const client = createClient({ ...source, url }, options, session)
  const address = addressOf(source)
  /* Without a listener a connection that breaks while idle would end the process. */
  client.on('error', () => undefined)
  try {
    await client.connect().catch((cause: unknown) => {
      throw poolerRefusal(errorCodeOf(cause), address) ?? cause
    })
    await settleSession(client, session, address)
    return client
  } catch (cause) {
    await closeClient(client)
    if (options.replication === true && errorCodeOf(cause) === '53300')
      throw new PipelineError(
        'source/slots-exhausted',
        `no WAL sender is free at ${address}: ALTER SYSTEM SET max_wal_senders = 20, then restart PostgreSQL`,
        { cause },
      )
    throw toSourceError(cause, `cannot connect to ${address}`)
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

function createClient(source: Source, options: ConnectOptions, session: SessionOptions): pg.Client {
  const config: pg.ClientConfig & { replication?: string } = {
    connectionString: source.url,
    options: session.text,
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
  const host = parseSourceUrl(url).hostname
  return { ca, rejectUnauthorized: true, checkServerIdentity: (_, found) => checkServerIdentity(host, found) }
}
