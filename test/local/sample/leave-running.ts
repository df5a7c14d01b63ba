import { startPostgres } from '../../../local/embedded-postgres/start-postgres.ts'

// A caller that is killed while its server runs: prints the server's process id and waits for the end.
const server = await startPostgres({ dir: process.argv[2] ?? '' })
process.stdout.write(`${server.pid}\n`)
setInterval(() => undefined, 1_000)
