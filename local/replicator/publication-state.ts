import type { ClientBase } from 'pg'
import { quoteIdentifier, quoteTable } from './quote-identifier.ts'
import type { SourceTable } from './source-catalog.ts'

const OPERATIONS = `publish = 'insert, update, delete, truncate'`

/** A publication as the server has it, and what the role may do about it. */
export interface PublicationState {
  readonly name: string
  readonly version: number
  /** Undefined when there is none of the name. */
  readonly found: PublicationFound | undefined
  /** Whether the role may make it, or add tables to it. */
  readonly isOurs: boolean
}

interface PublicationFound {
  readonly hasAllKinds: boolean
  readonly isViaRoot: boolean
  readonly hasGenerated: boolean
  /** By quoted name: whether a column list or a row filter leaves something out. */
  readonly members: ReadonlyMap<string, boolean>
}

interface PublicationRow {
  readonly kinds: string
  readonly via_root: string
  readonly generated: string
}

/**
 * The statements, each without its semicolon, that make a publication carry every change of tables; none when it does.
 * A table is added under a lock that its writers wait for, at most `lockMs` for those that have begun before: before PostgreSQL 13.21, 14.18, 15.13, 16.9 and 17.5 a
 * transaction that writes a table while it is added makes the decoder forget that it was.
 */
export function publicationStatements(
  state: PublicationState,
  tables: readonly SourceTable[],
  lockMs = 2_000,
): { readonly widen: readonly string[]; readonly add: readonly string[] } {
  const name = quoteIdentifier(state.name)
  if (state.found === undefined) {
    const viaRoot = state.version >= 130_000 ? ', publish_via_partition_root = true' : ''
    const list = tables.map(publishedName).join(', ')
    return { widen: [], add: [`CREATE PUBLICATION ${name} FOR TABLE ${list} WITH (${OPERATIONS}${viaRoot})`] }
  }
  const { members } = state.found
  const missing = tables.filter((table) => !members.has(quoteTable(table)))
  const list = missing.map(publishedName).join(', ')
  return {
    widen: widening(name, state.found, tables),
    add:
      missing.length === 0
        ? []
        : [
            'BEGIN',
            `SET LOCAL lock_timeout = ${lockMs}`,
            `LOCK TABLE ${list} IN SHARE ROW EXCLUSIVE MODE`,
            `ALTER PUBLICATION ${name} ADD TABLE ${list}`,
            'COMMIT',
          ],
  }
}

/* What a publication leaves out would be missing in the lake without any error. */
function widening(name: string, found: PublicationFound, tables: readonly SourceTable[]): readonly string[] {
  const settings = [
    ...(found.hasAllKinds ? [] : [OPERATIONS]),
    ...(!found.isViaRoot && tables.some((table) => table.isPartitioned)
      ? ['publish_via_partition_root = true']
      : []),
    /* A full load leaves generated columns out, so the stream must. */
    ...(found.hasGenerated ? ['publish_generated_columns = none'] : []),
  ]
  const narrowed = tables
    .filter((table) => found.members.get(quoteTable(table)) === true)
    .map(publishedName)
    .join(', ')
  return [
    ...(settings.length === 0 ? [] : [`ALTER PUBLICATION ${name} SET (${settings.join(', ')})`]),
    ...(narrowed === ''
      ? []
      : [
          `ALTER PUBLICATION ${name} DROP TABLE ${narrowed}`,
          `ALTER PUBLICATION ${name} ADD TABLE ${narrowed}`,
        ]),
  ]
}

/* A parent is published without the tables that inherit from it: each of those is a table of its own. */
function publishedName(table: SourceTable): string {
  return table.isPartitioned ? quoteTable(table) : `ONLY ${quoteTable(table)}`
}

export async function readPublication(
  client: ClientBase,
  name: string,
  tables: readonly SourceTable[],
): Promise<PublicationState> {
  const version = await readVersion(client)
  const viaRoot = version >= 130_000 ? 'pubviaroot' : 'false'
  const { rows } = await client.query<PublicationRow>(
    `select ${viaRoot}::text as via_root,
       (coalesce(to_jsonb(p) ->> 'pubgencols', 'n') <> 'n')::text as generated,
       (pubinsert and pubupdate and pubdelete and pubtruncate)::text as kinds
     from pg_publication p where pubname = $1`,
    [name],
  )
  const [row] = rows
  const isOurs = await mayChange(client, name, tables)
  if (row === undefined) return { name, version, found: undefined, isOurs }
  const found = {
    hasAllKinds: row.kinds === 'true',
    isViaRoot: row.via_root === 'true',
    hasGenerated: row.generated === 'true',
    members: await readMembers(client, name, version),
  }
  return { name, version, found, isOurs }
}

async function readVersion(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
  return Number(rows[0]?.server_version_num)
}

/* Making one takes CREATE on the database, changing one its owner; both take the owner of each table. */
async function mayChange(client: ClientBase, name: string, tables: readonly SourceTable[]): Promise<boolean> {
  const { rows } = await client.query<{ ours: string }>(
    `select (coalesce((select pg_has_role(p.pubowner, 'USAGE') from pg_publication p where p.pubname = $1),
         has_database_privilege(current_database(), 'CREATE'))
       and coalesce((select bool_and(pg_has_role(c.relowner, 'USAGE')) from pg_class c where c.oid = any ($2::oid[])), true))::text as ours`,
    [name, tables.map((table) => table.oid)],
  )
  return rows[0]?.ours === 'true'
}

async function readMembers(
  client: ClientBase,
  name: string,
  version: number,
): Promise<ReadonlyMap<string, boolean>> {
  /* The view counts in tables that were published by schema or all together. */
  const narrowed = version >= 150_000 ? 'r.prattrs is not null or r.prqual is not null' : 'false'
  const { rows } = await client.query<{ schema: string; name: string; narrowed: string }>(
    `select t.schemaname::text as schema, t.tablename::text as name, coalesce(${narrowed}, false)::text as narrowed
     from pg_publication_tables t join pg_publication p on p.pubname = t.pubname
     join pg_namespace n on n.nspname = t.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
     left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
     where t.pubname = $1`,
    [name],
  )
  return new Map(rows.map((row) => [quoteTable(row), row.narrowed === 'true']))
}
