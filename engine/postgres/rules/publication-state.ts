import type { ClientBase } from 'pg'
import { sql, step } from '../../../core/check.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { type RelationIdentity, readIdentities } from '../catalog/identity-facts.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'
import { identityStatement, isWritable, type Unfit } from './judge-identity.ts'
import { addingStatements, publishedName } from './publication-names.ts'

const OPERATIONS = `publish = 'insert, update, delete, truncate'`

/** A publication as the server has it, and what the role may do about it. */
export interface PublicationState {
  readonly name: string
  readonly version: number
  /** Undefined when there is none of the name. */
  readonly found: PublicationFound | undefined
  /** OIDs of the tables asked for that the role may make it of, or add to it. */
  readonly addable: ReadonlySet<number>
}

interface PublicationFound {
  readonly hasAllKinds: boolean
  /** Whether it has updates or deletes: only then PostgreSQL asks how they tell their row. */
  readonly hasWrites: boolean
  readonly isViaRoot: boolean
  readonly hasGenerated: boolean
  /** By quoted name. */
  readonly members: ReadonlyMap<string, PublicationMember>
}

interface PublicationMember {
  readonly schema: string
  readonly name: string
  /** Whether a column list or a row filter leaves something out. */
  readonly isNarrowed: boolean
  /** Whether it is a member by its own name, and not by its schema or as any table. */
  readonly isNamed: boolean
  /** The table, and all that hold its rows. */
  readonly parts: readonly RelationIdentity[]
}

interface PublicationRow {
  readonly kinds: string
  readonly writes: string
  readonly via_root: string
  readonly generated: string
}

/** What has to be run, in this order. */
interface PublicationPlan {
  /** What makes it carry every change of the tables that it has. */
  readonly widen: readonly string[]
  /** What gives it the tables that it lacks. */
  readonly add: readonly string[]
  /** Tables that PostgreSQL would refuse to write if it were widened, and no statement helps: nothing may be run. */
  readonly stuck: readonly string[]
}

/** The statements, each without its semicolon, that make a publication carry every change of tables; none when it does. */
export function publicationStatements(
  state: PublicationState,
  tables: readonly SourceTable[],
  lockMs?: number,
): PublicationPlan {
  const name = quoteIdentifier(state.name)
  if (state.found === undefined) {
    const viaRoot = state.version >= 130_000 ? ', publish_via_partition_root = true' : ''
    const list = tables.map(publishedName).join(', ')
    return {
      widen: [],
      stuck: [],
      add: [`CREATE PUBLICATION ${name} FOR TABLE ${list} WITH (${OPERATIONS}${viaRoot})`],
    }
  }
  const { members } = state.found
  const missing = tables.filter((table) => !members.has(quoteTable(table)))
  return {
    ...widening(state, state.found, tables),
    add: missing.length === 0 ? [] : addingStatements(state.name, missing, lockMs),
  }
}

/** Tables of a publication whose updates and deletes PostgreSQL refuses now, because they are in it. */
export function refusedWrites({ name, version, found }: PublicationState): readonly (Unfit & {
  readonly table: string
})[] {
  if (found === undefined || !found.hasWrites) return []
  return [...found.members.values()].flatMap((member) => {
    const refused = member.parts.filter((part) => !isWritable(part, version, found.hasGenerated))
    if (refused.length === 0) return []
    const mends = refused.flatMap((part) => mended(part, member, name, version) ?? [])
    const table = sourceTableName(member)
    return [
      {
        table,
        code: 'source/replica-identity' as const,
        message: `PostgreSQL refuses updates and deletes of ${table}, because it is in publication ${name} and its replica identity does not do for that`,
        fix:
          mends.length > 0
            ? [...new Set(mends)].map((statement) => sql(`${statement};`))
            : [step(`take ${table} out of what publication ${name} publishes`)],
      },
    ]
  })
}

/* What lets a part be written while its table is published: another identity, or else leaving the publication. */
function mended(
  part: RelationIdentity,
  member: PublicationMember,
  publication: string,
  version: number,
): string | undefined {
  const [root = part] = member.parts
  const key = root.indexes.find(({ isPrimary }) => isPrimary)?.columns ?? []
  const statement = identityStatement(part, key, version)
  if (statement !== undefined) return statement
  return member.isNamed
    ? `ALTER PUBLICATION ${quoteIdentifier(publication)} DROP TABLE ${quoteTable(member)}`
    : undefined
}

/* What a publication leaves out would be missing in the lake without any error. */
function widening(
  { name: publication, version }: PublicationState,
  found: PublicationFound,
  tables: readonly SourceTable[],
): Pick<PublicationPlan, 'widen' | 'stuck'> {
  const name = quoteIdentifier(publication)
  const settings = [
    ...(found.hasAllKinds ? [] : [OPERATIONS]),
    ...(!found.isViaRoot && tables.some((table) => table.isPartitioned)
      ? ['publish_via_partition_root = true']
      : []),
    /* A full load leaves generated columns out, so the stream must. */
    ...(found.hasGenerated ? ['publish_generated_columns = none'] : []),
  ]
  const narrowed = tables
    .filter((table) => found.members.get(quoteTable(table))?.isNarrowed === true)
    .map(publishedName)
    .join(', ')
  /* First what PostgreSQL would refuse to write once the publication has all kinds of changes and no generated column. */
  const refused = [...found.members.values()].flatMap((member) =>
    member.parts.filter((part) => !isWritable(part, version)).map((part) => ({ member, part })),
  )
  const mends = refused.map(({ member, part }) => mended(part, member, publication, version))
  const isChanged = settings.length > 0
  return {
    widen: [
      ...new Set(isChanged ? mends.filter((statement) => statement !== undefined) : []),
      ...(isChanged ? [`ALTER PUBLICATION ${name} SET (${settings.join(', ')})`] : []),
      ...(narrowed === ''
        ? []
        : [
            `ALTER PUBLICATION ${name} DROP TABLE ${narrowed}`,
            `ALTER PUBLICATION ${name} ADD TABLE ${narrowed}`,
          ]),
    ],
    stuck: isChanged
      ? refused.flatMap(({ part }, index) => (mends[index] === undefined ? [sourceTableName(part)] : []))
      : [],
  }
}

/** Why a publication can be used for nothing else, and what to do. */
export function stuckText(publication: string, tables: readonly string[]): string {
  return `publication ${publication} does not carry every change, and if it did, PostgreSQL would refuse updates and deletes of ${tables.join(', ')}: leave it as it is, and have another made with --publication`
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
       (pubinsert and pubupdate and pubdelete and pubtruncate)::text as kinds,
       (pubupdate or pubdelete)::text as writes
     from pg_publication p where pubname = $1`,
    [name],
  )
  const [row] = rows
  const addable = await readAddable(client, name, tables)
  if (row === undefined) return { name, version, found: undefined, addable }
  const found = {
    hasAllKinds: row.kinds === 'true',
    hasWrites: row.writes === 'true',
    isViaRoot: row.via_root === 'true',
    hasGenerated: row.generated === 'true',
    members: await readMembers(client, name, version),
  }
  return { name, version, found, addable }
}

async function readVersion(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
  return Number(rows[0]?.server_version_num)
}

/* Making one takes CREATE on the database, changing one its owner; both take the owner of each table. */
async function readAddable(
  client: ClientBase,
  name: string,
  tables: readonly SourceTable[],
): Promise<ReadonlySet<number>> {
  const { rows } = await client.query<{ oid: string }>(
    `select c.oid::text from pg_class c
     where c.oid = any ($2::oid[]) and pg_has_role(c.relowner, 'USAGE')
       and coalesce((select pg_has_role(p.pubowner, 'USAGE') from pg_publication p where p.pubname = $1),
         has_database_privilege(current_database(), 'CREATE'))`,
    [name, tables.map((table) => table.oid)],
  )
  return new Set(rows.map(({ oid }) => Number(oid)))
}

async function readMembers(
  client: ClientBase,
  name: string,
  version: number,
): Promise<ReadonlyMap<string, PublicationMember>> {
  /* The view counts in tables that were published by schema or all together. */
  const narrowing =
    version >= 150_000
      ? `(r.prattrs is not null or r.prqual is not null) and not p.puballtables and not exists (select
           from pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid = n.oid)`
      : 'false'
  const { rows } = await client.query<{
    schema: string
    name: string
    oid: string
    narrowed: string
    named: string
  }>(
    `select t.schemaname::text as schema, t.tablename::text as name, c.oid::text as oid,
       coalesce(${narrowing}, false)::text as narrowed, (r.prrelid is not null)::text as named
     from pg_publication_tables t join pg_publication p on p.pubname = t.pubname
     join pg_namespace n on n.nspname = t.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
     left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = c.oid
     where t.pubname = $1`,
    [name],
  )
  const parts = await readIdentities(
    client,
    rows.map(({ oid }) => Number(oid)),
  )
  return new Map(
    rows.map(({ schema, name: table, oid, narrowed, named }) => [
      quoteTable({ schema, name: table }),
      {
        schema,
        name: table,
        isNarrowed: narrowed === 'true',
        isNamed: named === 'true',
        parts: parts.get(Number(oid)) ?? [],
      },
    ]),
  )
}
