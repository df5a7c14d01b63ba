import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type PostgresServer, startPostgres } from '../../../local/embedded-postgres/start-postgres.ts'
import { onceInRun } from '../../support/once-in-run.ts'

interface CopiedServerOptions {
  /** Is not there yet. */
  readonly dir: string
  /** `source`, which every copy has, unless told. */
  readonly database?: string
  readonly settings?: Readonly<Record<string, string>>
}

/**
 * Starts a server on a copy of a data folder that is made once a run: initdb takes ten times as long as a copy. All copies
 * have the same system identifier and password.
 */
export async function startCopiedServer(options: CopiedServerOptions): Promise<PostgresServer> {
  const { dir, database = 'source', settings } = options
  const fast = { fsync: 'off' }
  const made = await onceInRun('postgres', async (folder) => {
    await (await startPostgres({ dir: join(folder, 'data'), database: 'source', settings: fast })).stop()
  })
  await copyFolder(join(made, 'data'), dir)
  return startPostgres({ dir, database, settings: { ...fast, ...settings } })
}

/** With owners and modes as they are: as root the server runs under another user. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', from, to])
}
