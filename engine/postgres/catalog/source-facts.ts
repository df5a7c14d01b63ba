import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { type RelationIdentity, readIdentities } from './identity-facts.ts'
import type { SourceTable } from './source-catalog.ts'

/** Who reads the source: our own replicator, or a CDC task of DMS. */
export type SourceReader = 'tidemark' | 'dms'

/** What the server says of itself and of the role that asks. */
export interface ServerFacts {
  /** server_version_num, as 160002. */
  readonly version: number
  readonly walLevel: string
  readonly encoding: string
  readonly role: string
  readonly mayReplicate: boolean
  /** RDS: some settings are those of a parameter group, and replication is a role. */
  readonly isRds: boolean
}

/** The tables to capture, and what the role may do with each. */
export interface TableFacts {
  readonly server: ServerFacts
  readonly tables: readonly SourceTable[]
  readonly access: ReadonlyMap<number, TableAccess>
  /** By OID: the table, and all that hold its rows. */
  readonly identities: ReadonlyMap<number, readonly RelationIdentity[]>
  readonly reader: SourceReader
}

export interface TableAccess {
  readonly mayUse: boolean
  readonly maySelect: boolean
  readonly hidesRows: boolean
}

interface ServerRow {
  readonly version: string
  readonly wal_level: string
  readonly encoding: string
  readonly role: string
  readonly may_replicate: string
  readonly is_rds: string
}

interface AccessRow {
  readonly oid: string
  readonly may_use: string
  readonly may_select: string
  readonly hides_rows: string
}

export async function readServer(client: ClientBase): Promise<ServerFacts> {
  const { rows } = await client.query<ServerRow>(
    `select current_setting('server_version_num') as version, current_setting('wal_level') as wal_level,
       current_setting('server_encoding') as encoding, current_user::text as role,
       exists (select from pg_roles where rolname = 'rds_replication')::text as is_rds,
       (r.rolsuper or r.rolreplication or exists (select from pg_roles g
         where g.rolname = 'rds_replication' and pg_has_role(current_user, g.oid, 'member')))::text as may_replicate
     from pg_roles r where r.rolname = current_user`,
  )
  const [row] = rows
  if (row === undefined) throw new PipelineError('source/privilege', 'the role is not in pg_roles')
  return {
    version: Number(row.version),
    walLevel: row.wal_level,
    encoding: row.encoding,
    role: row.role,
    mayReplicate: row.may_replicate === 'true',
    isRds: row.is_rds === 'true',
  }
}

/** What the rules of tables ask. */
export async function readTableFacts(
  client: ClientBase,
  known: Pick<TableFacts, 'server' | 'tables' | 'reader'>,
): Promise<TableFacts> {
  const { tables } = known
  const access = await readAccess(client, tables)
  const identities = await readIdentities(
    client,
    tables.map(({ oid }) => oid),
  )
  return { ...known, access, identities }
}

async function readAccess(
  client: ClientBase,
  tables: readonly SourceTable[],
): Promise<ReadonlyMap<number, TableAccess>> {
  const { rows } = await client.query<AccessRow>(
    `select c.oid::text, has_schema_privilege(c.relnamespace, 'USAGE')::text as may_use,
       has_table_privilege(c.oid, 'SELECT')::text as may_select, row_security_active(c.oid)::text as hides_rows
     from pg_class c where c.oid = any ($1::oid[])`,
    [tables.map((table) => table.oid)],
  )
  return new Map(
    rows.map((row) => [
      Number(row.oid),
      {
        mayUse: row.may_use === 'true',
        maySelect: row.may_select === 'true',
        hidesRows: row.hides_rows === 'true',
      },
    ]),
  )
}
