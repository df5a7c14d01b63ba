import type pg from 'pg'
import { closeClient, connectSource, type Source } from './source-connection.ts'

/** A session of the source, and the number by which the server knows it. */
export interface SourceSession {
  readonly client: pg.Client
  readonly pid: number
}

/**
 * One session that reads one table after another: to open one for each would be most of the work where tables are small. One
 * reader at a time. Whoever took it gives it back only when it is as it was, outside of a transaction; else he closes it.
 */
export class KeptConnection {
  private readonly source: Source
  private readonly applicationName: string
  private kept: SourceSession | undefined
  private isClosed = false

  constructor(source: Source, applicationName: string) {
    this.source = source
    this.applicationName = applicationName
  }

  /** The session that is kept, or a new one whose queries take as long as they take. Throws as `connectSource`. */
  async take(): Promise<SourceSession> {
    const { kept } = this
    this.kept = undefined
    if (kept !== undefined && !isGone(kept)) return kept
    const client = await connectSource(this.source, { applicationName: this.applicationName, queryMs: 0 })
    try {
      /* A server from PostgreSQL 14 on ends the statement of a client that is gone, however it went; others refuse it. */
      await client.query("SET client_connection_check_interval = '5s'").catch(() => undefined)
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      return { client, pid: rows[0]?.pid ?? 0 }
    } catch (error) {
      await closeClient(client)
      throw error
    }
  }

  async giveBack(session: SourceSession): Promise<void> {
    if (this.isClosed || this.kept !== undefined) await closeClient(session.client)
    else this.kept = session
  }

  async close(): Promise<void> {
    const { kept } = this
    this.isClosed = true
    this.kept = undefined
    if (kept !== undefined) await closeClient(kept.client)
  }
}

function isGone({ client }: SourceSession): boolean {
  const { stream } = client.connection
  return stream.destroyed || stream.readableEnded
}
