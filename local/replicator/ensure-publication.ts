import type { ClientBase } from 'pg'
import { PipelineError } from '../../core/failures.ts'
import { quoteIdentifier, quoteTable } from './quote-identifier.ts'
import type { SourceTable } from './source-catalog.ts'
import { errorCodeOf, toSourceError } from './source-error.ts'

interface PublicationRow {
  readonly kinds: string
  readonly via_root: string
  readonly generated: string
}

const OPERATIONS = `publish = 'insert, update, delete, truncate'`

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
  const version = await readVersion(client)
  const state = await readPublication(client, publication, version)
  const name = quoteIdentifier(publication)
  if (state === undefined) {
    const viaRoot = version >= 130_000 ? ', publish_via_partition_root = true' : ''
    const list = tables.map((table) => publishedName(table)).join(', ')
    await run(
      client,
      publication,
      `CREATE PUBLICATION ${name} FOR TABLE ${list} WITH (${OPERATIONS}${viaRoot})`,
    )
    return
  }
  refuseNarrow(name, publication, state, tables)
  const missing = tables.filter((table) => !state.members.has(quoteTable(table)))
  if (missing.length === 0) return
  const list = missing.map((table) => publishedName(table)).join(', ')
  await run(client, publication, `ALTER PUBLICATION ${name} ADD TABLE ${list}`)
}

interface PublicationState {
  readonly publication: PublicationRow
  /** By quoted name: whether a column list or a row filter leaves something out. */
  readonly members: ReadonlyMap<string, boolean>
}

async function readVersion(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
  return Number(rows[0]?.server_version_num)
}

async function readPublication(
  client: ClientBase,
  name: string,
  version: number,
): Promise<PublicationState | undefined> {
  const viaRoot = version >= 130_000 ? 'pubviaroot' : 'false'
  const { rows } = await client.query<PublicationRow>(
    `select ${viaRoot}::text as via_root,
       (coalesce(to_jsonb(p) ->> 'pubgencols', 'n') <> 'n')::text as generated,
       (pubinsert and pubupdate and pubdelete and pubtruncate)::text as kinds
     from pg_publication p where pubname = $1`,
    [name],
  )
  const publication = rows[0]
  if (publication === undefined) return undefined
  /* The view counts in tables that were published by schema or all together. */
  const narrowed = version >= 150_000 ? 'r.prattrs is not null or r.prqual is not null' : 'false'
  const members = await client.query<{ schema: string; name: string; narrowed: string }>(
    `select t.schemaname::text as schema, t.tablename::text as name, coalesce(${narrowed}, false)::text as narrowed
     from pg_publication_tables t join pg_publication p on p.pubname = t.pubname
     join pg_namespace n on n.nspname = t.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
     left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
     where t.pubname = $1`,
    [name],
  )
  return {
    publication,
    members: new Map(members.rows.map((row) => [quoteTable(row), row.narrowed === 'true'])),
  }
}

/* What a publication leaves out would be missing in the lake without any error. */
function refuseNarrow(
  name: string,
  publication: string,
  state: PublicationState,
  tables: readonly SourceTable[],
): void {
  const settings = [
    ...(state.publication.kinds === 'true' ? [] : [OPERATIONS]),
    ...(state.publication.via_root !== 'true' && tables.some((table) => table.isPartitioned)
      ? ['publish_via_partition_root = true']
      : []),
    /* A full load leaves generated columns out, so the stream must. */
    ...(state.publication.generated === 'true' ? ['publish_generated_columns = none'] : []),
  ]
  const narrowed = tables
    .filter((table) => state.members.get(quoteTable(table)) === true)
    .map(publishedName)
    .join(', ')
  const statements = [
    ...(settings.length === 0 ? [] : [`ALTER PUBLICATION ${name} SET (${settings.join(', ')})`]),
    ...(narrowed === ''
      ? []
      : [
          `ALTER PUBLICATION ${name} DROP TABLE ${narrowed}`,
          `ALTER PUBLICATION ${name} ADD TABLE ${narrowed}`,
        ]),
  ]
  if (statements.length > 0) throw refusal(publication, statements.join('; '))
}

/* A parent is published without the tables that inherit from it: each of those is a table of its own. */
function publishedName(table: SourceTable): string {
  return table.isPartitioned ? quoteTable(table) : `ONLY ${quoteTable(table)}`
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
