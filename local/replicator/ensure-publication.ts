import type { ClientBase } from 'pg'
import { PipelineError } from '../../core/failures.ts'
import { publicationStatements, readPublication } from './publication-state.ts'
import type { SourceTable } from './source-catalog.ts'
import { errorCodeOf, toSourceError } from './source-error.ts'

/**
 * Makes the publication hold every given table, whole, with all its changes: creates it, or adds
 * what is missing. Never publishes other tables and never takes one out. Call it before the slot is
 * created. Throws source/publication with the SQL when the publication is not ours to change or
 * narrows what it publishes.
 */
export async function ensurePublication(
  client: ClientBase,
  publication: string,
  tables: readonly SourceTable[],
): Promise<void> {
  const state = await readPublication(client, publication, tables)
  const { widen, add } = publicationStatements(state, tables)
  if (widen.length > 0) throw refusal(publication, widen.join('; '))
  for (const statement of add) await run(client, publication, statement)
}

async function run(client: ClientBase, publication: string, sql: string): Promise<void> {
  try {
    await client.query(sql)
  } catch (cause) {
    const code = errorCodeOf(cause)
    /* No privilege, or a read-only server: both need the statement run elsewhere or by someone else. */
    if (code === '42501' || code === '25006') throw refusal(publication, sql, cause)
    throw toSourceError(cause, `cannot change publication ${publication}`)
  }
}

function refusal(publication: string, sql: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'source/publication',
    `publication ${publication} does not carry every change of the tables: ${sql};`,
    cause === undefined ? undefined : { cause },
  )
}
