import { readPassword, superuser } from './data-folder.ts'
import { postmasterState, readPostmasterFile } from './postmaster-file.ts'

/** URL of a database of the server that runs on a data folder, or undefined when none does. Holds the password. */
export async function findRunningPostgres(dir: string, database: string): Promise<string | undefined> {
  const file = await readPostmasterFile(dir)
  if (file === undefined || (await postmasterState(dir, file.pid)) === 'gone') return undefined
  const password = encodeURIComponent(await readPassword(dir))
  return `postgres://${superuser}:${password}@127.0.0.1:${file.port}/${encodeURIComponent(database)}`
}
