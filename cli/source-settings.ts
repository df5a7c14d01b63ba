import { PipelineError } from '../core/failures.ts'

export const embeddedDatabase = 'workforce'
/** The source system that the sample contracts name. */
export const embeddedSystem = 'workforce-postgres'

/** Name of a source system in contracts: the database of its URL. Throws `usage/invalid` for what is no PostgreSQL URL. */
export function systemOf(url: string): string {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new PipelineError(
      'usage/invalid',
      '--source is not a URL: postgres://user:password@host:port/database',
    )
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:')
    throw new PipelineError('usage/invalid', '--source must start with postgres://')
  const database = decodeURIComponent(parsed.pathname.slice(1))
  if (database === '')
    throw new PipelineError('usage/invalid', '--source names no database: postgres://host/database')
  return database
}
