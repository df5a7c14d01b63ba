/*
 * Runs SQL on the embedded PostgreSQL of a run folder, as the application that owns the database would:
 * `npx tsx docs/source-sql.ts <folder> "<SQL>"`. Starts the server when it does not run. For the walkthroughs.
 */

import { closeClient, connectSource } from '../engine/postgres/connection/source-connection.ts'
import { findRunningPostgres } from '../local/embedded-postgres/find-running-postgres.ts'
import { startPostgres } from '../local/embedded-postgres/start-postgres.ts'
import { runFolder } from '../local/state/run-folder.ts'

const database = 'workforce'
const [dir, sql] = process.argv.slice(2)
if (dir === undefined || sql === undefined) {
  process.stderr.write('usage: npx tsx docs/source-sql.ts <run folder> "<SQL>"\n')
  process.exit(2)
}

const { postgres } = runFolder(dir)
const running = await findRunningPostgres(postgres, database)
const server = running === undefined ? await startPostgres({ dir: postgres, database }) : undefined
try {
  const client = await connectSource({ url: running ?? server?.url ?? '' })
  try {
    const answer = await client.query<Record<string, unknown>>(sql)
    for (const { command, rowCount } of [answer].flat())
      process.stdout.write(`${command}${rowCount === null ? '' : ` ${rowCount}`}\n`)
  } finally {
    await closeClient(client)
  }
} finally {
  await server?.stop()
}
