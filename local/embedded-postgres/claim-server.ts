import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { PipelineError } from '../../core/failures/failures.ts'
import { superuser } from './data-folder.ts'

/** Any number that no other program's advisory lock in the `postgres` database is likely to have. */
const lockKey = 1_953_064_045
const connectMs = 10_000
/** After a caller was killed, its session takes a moment to notice. */
const patienceMs = 1_000

/** The exclusive use of a server by one caller, for as long as that caller lives. */
export interface ServerClaim {
  /** The data folder as the server knows it. */
  readonly dataFolder: string
  makeDatabase(name: string): Promise<void>
  /** From now on the claim alone does not keep the process running. */
  unref(): void
  release(): void
}

/**
 * Claims a server that accepts connections. The claim is a session lock in the server itself, so it
 * cannot go stale: it ends with the caller's process or with the server. Throws `run/locked` when another caller has it, and the connection's own error when there
 * is no such server behind the port or it has another password.
 */
export async function claimServer(port: number, password: string): Promise<ServerClaim> {
  const socket = new Socket()
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    password,
    database: 'postgres',
    application_name: 'tidemark owner',
    connectionTimeoutMillis: connectMs,
    query_timeout: 60_000,
    keepAlive: true,
    ssl: false,
    stream: () => socket,
  })
  // The server's end is noticed by who uses it; an unheard error event would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await lock(client, port)
    const result = await client.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    )
    return {
      dataFolder: result.rows[0]?.folder ?? '',
      makeDatabase: (name) => makeDatabase(client, name),
      unref: () => socket.unref(),
      release: () => socket.destroy(),
    }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

async function lock(client: pg.Client, port: number): Promise<void> {
  for (let waited = 0; ; waited += 50) {
    const result = await client.query<{ got: boolean }>(`select pg_try_advisory_lock(${lockKey}) as got`)
    if (result.rows[0]?.got === true) return
    if (waited >= patienceMs)
      throw new PipelineError('run/locked', `another process uses the PostgreSQL on port ${port}`)
    await sleep(50)
  }
}

async function makeDatabase(client: pg.Client, name: string): Promise<void> {
  const found = await client.query('select 1 from pg_database where datname = $1', [name])
  if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
}
