import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import {
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
} from '../../../local/embedded-postgres/start-postgres.ts'
import { startCopiedServer } from './copied-server.ts'

/** A folder for one test, and everything that was started in it; all gone after `clear`. */
export interface Scratch {
  readonly folder: string
  readonly dir: string
  start(options?: Partial<PostgresOptions>): Promise<PostgresServer>
  /** Where the first start of a folder is not what is tested. */
  startCopied(database: string): Promise<PostgresServer>
  /** Runs before the folder goes, last in first out. */
  later(work: () => unknown): void
  /** Stops what runs, keeps the folder. */
  close(): Promise<void>
  clear(): Promise<void>
}

/** `mode` 0o755 lets another user in; mkdtemp's own 0o700 does not. */
export async function openScratch(mode: number): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-'))
  await chmod(folder, mode)
  const dir = join(folder, 'data')
  const atEnd: (() => unknown)[] = []
  const close = async () => {
    for (const work of atEnd.splice(0).reverse()) await work()
  }
  const untilClosed = async (starting: Promise<PostgresServer>) => {
    const server = await starting
    atEnd.push(() => server.stop())
    return server
  }
  return {
    folder,
    dir,
    later: (work) => atEnd.push(work),
    start: (options) => untilClosed(startPostgres({ dir, ...options })),
    startCopied: (database) => untilClosed(startCopiedServer({ dir, database })),
    close,
    clear: async () => {
      await close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** One statement on a connection of its own; every value as text. */
export async function ask(url: string, sql: string): Promise<readonly (string | null)[][]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const types = { getTypeParser: () => (value: string | Buffer) => value.toString() }
    return (await client.query<(string | null)[]>({ text: sql, rowMode: 'array', types })).rows
  } finally {
    await client.end()
  }
}
