import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { quoteLiteral, quoteTable } from '../connection/quote-identifier.ts'
import { errorCodeOf, toSourceError } from '../connection/source-error.ts'
import { publicationStatements, readPublication, stuckText } from './publication-state.ts'
import { sortPublished } from './sort-published.ts'
import type { LeftOutTable } from './table-rules.ts'

const TRIES = 5
const PAUSE_MS = 1_000

/** SQLSTATEs lock_not_available and deadlock_detected. */
const LOCKED = ['55P03', '40P01']

/**
 * Makes the publication hold every given table, whole, with all its changes: creates it, or adds
 * what is missing. Never publishes other tables and never takes one out. Call it while nothing
 * reads the slot. Throws source/publication with the SQL when the publication is not ours to change
 * or narrows what it publishes, and source/table-busy.
 */
export async function ensurePublication(
  client: ClientBase,
  publication: string,
  tables: readonly SourceTable[],
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await publishTables(client, publication, tables)
    } catch (error) {
      if (!isBusy(error) || tries === TRIES) throw error
    }
    await sleep(PAUSE_MS)
  }
}

/** Tables that may be followed by a publication. */
export interface PublishablePlan {
  readonly tables: readonly SourceTable[]
  /** Those of them that it lacks. */
  readonly missing: readonly SourceTable[]
  readonly leftOut: readonly LeftOutTable[]
}

/**
 * Which of the tables a publication can carry, and which of those it lacks. Throws source/publication when it does not carry
 * every kind of change, or is not there. Changes nothing.
 */
export async function planPublication(
  client: ClientBase,
  publication: string,
  asked: readonly SourceTable[],
): Promise<PublishablePlan> {
  const state = await readPublication(client, publication, asked)
  const { found } = state
  if (found === undefined)
    throw new PipelineError('source/publication', `publication ${publication} does not exist any more`)
  const { tables, leftOut } = sortPublished(state, asked)
  const { widen, stuck } = publicationStatements(state, tables)
  refuseStuck(publication, stuck)
  if (widen.length > 0) throw refusal(publication, widen)
  return { tables, missing: tables.filter((table) => !found.members.has(quoteTable(table))), leftOut }
}

/**
 * The same as `ensurePublication` in one try. Writers of a table that is added wait meanwhile, at most two seconds for
 * those that have begun before. Throws source/table-busy when these took longer, and source/publication.
 */
export async function publishTables(
  client: ClientBase,
  publication: string,
  tables: readonly SourceTable[],
  lockMs?: number,
): Promise<void> {
  const state = await readPublication(client, publication, tables)
  const { widen, add, stuck } = publicationStatements(state, tables, lockMs)
  refuseStuck(publication, stuck)
  if (widen.length > 0) throw refusal(publication, widen)
  if (add.length === 0) return
  try {
    /* Event triggers of the database run with it, and know the names that a plain session finds. */
    await client.query('SET search_path = "$user", public')
    for (const sql of add) await client.query(sql)
    await client.query('RESET search_path')
  } catch (cause) {
    await client.query('ROLLBACK; RESET search_path').catch(() => undefined)
    const code = errorCodeOf(cause)
    if (LOCKED.includes(code)) throw busy(tables, cause)
    if (code === '42501') throw refusal(publication, add, cause)
    if (code === '25006')
      throw new PipelineError(
        'source/read-only',
        `publication ${publication} cannot be made here: on the server that takes writes: ${add.join('; ')};`,
        { cause },
      )
    throw toSourceError(cause, `cannot change publication ${publication}`)
  }
}

/** Whether it is worth trying again a little later. */
export function isBusy(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'source/table-busy'
}

function refuseStuck(publication: string, tables: readonly string[]): void {
  if (tables.length > 0) throw new PipelineError('source/publication', stuckText(publication, tables))
}

function refusal(publication: string, statements: readonly string[], cause?: unknown): PipelineError {
  return new PipelineError(
    'source/publication',
    `publication ${publication} does not carry every change of the tables: ${statements.join('; ')};`,
    cause === undefined ? undefined : { cause },
  )
}

function busy(tables: readonly SourceTable[], cause: unknown): PipelineError {
  const names = tables.map((table) => `${quoteLiteral(quoteTable(table)).trim()}::regclass`).join(', ')
  return new PipelineError(
    'source/table-busy',
    `a transaction that has written to a table to be added stays open: SELECT a.pid, a.xact_start, a.state FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE l.relation IN (${names});`,
    { cause },
  )
}
