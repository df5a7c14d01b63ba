import type { ClientBase } from 'pg'
import { PipelineError } from '../../core/failures.ts'
import { checkSlot, type SlotCheck } from './check-slot.ts'
import { quoteIdentifier, quoteTable } from './quote-identifier.ts'
import { readSourceCatalog, type SourceTable } from './source-catalog.ts'

export interface SourceCheck extends SlotCheck {
  readonly patterns?: readonly string[]
}

export interface CheckedSource {
  /** server_version_num, as 160002. */
  readonly version: number
  readonly tables: readonly SourceTable[]
  readonly slotExists: boolean
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

/**
 * Everything that must hold before a source can be read, checked without changing anything.
 * Throws the first refusal as a `source/…` failure whose message has the SQL that mends it.
 */
export async function checkSource(client: ClientBase, check: SourceCheck): Promise<CheckedSource> {
  const server = await checkServer(client)
  const tables = await readSourceCatalog(client, check.patterns)
  checkTables(tables, Number(server.version))
  await checkAccess(client, tables, server.role)
  const slot = await checkSlot(client, check)
  return { version: Number(server.version), tables, slotExists: slot.exists }
}

async function checkServer(client: ClientBase): Promise<ServerRow> {
  const { rows } = await client.query<ServerRow>(
    `select current_setting('server_version_num') as version, current_setting('wal_level') as wal_level,
       current_setting('server_encoding') as encoding, current_user::text as role,
       exists (select from pg_roles where rolname = 'rds_replication')::text as is_rds,
       (r.rolsuper or r.rolreplication or exists (select from pg_roles g
         where g.rolname = 'rds_replication' and pg_has_role(current_user, g.oid, 'member')))::text as may_replicate
     from pg_roles r where r.rolname = current_user`,
  )
  const server = rows[0]
  if (server === undefined) throw new PipelineError('source/privilege', 'the role is not in pg_roles')
  if (Number(server.version) < 120_000)
    throw new PipelineError('source/unsupported-version', `the source is PostgreSQL ${server.version}`)
  if (server.encoding === 'SQL_ASCII')
    throw new PipelineError(
      'source/unsupported-version',
      'the database has no encoding (SQL_ASCII), so its bytes have no certain text: CREATE DATABASE … ENCODING UTF8, then dump and restore',
    )
  if (server.wal_level !== 'logical')
    throw new PipelineError(
      'source/wal-level',
      `wal_level is ${server.wal_level}: ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL`,
    )
  if (server.may_replicate !== 'true') {
    const role = quoteIdentifier(server.role)
    const sql =
      server.is_rds === 'true' ? `GRANT rds_replication TO ${role};` : `ALTER ROLE ${role} REPLICATION;`
    throw new PipelineError('source/privilege', `the role may not replicate: ${sql}`)
  }
  return server
}

function checkTables(tables: readonly SourceTable[], version: number): void {
  const keyless = tables.filter((table) => table.key.length === 0)
  if (keyless.length > 0)
    throw new PipelineError(
      'source/no-primary-key',
      `no primary key: ${each(keyless, (table) => `ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (…);`)}`,
    )
  const unidentified = tables.filter((table) => !identifiesKey(table))
  if (unidentified.length > 0)
    throw new PipelineError(
      'source/replica-identity',
      `updates and deletes would not carry the primary key: ${each(unidentified, (table) => `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY DEFAULT;`)}`,
    )
  const partitioned = tables.filter((table) => table.isPartitioned)
  if (version < 130_000 && partitioned.length > 0)
    throw new PipelineError(
      'source/unsupported-version',
      `PostgreSQL 12 cannot publish a partitioned table: leave out ${partitioned.map((table) => `${table.schema}.${table.name}`).join(', ')}`,
    )
}

function identifiesKey(table: SourceTable): boolean {
  switch (table.replicaIdentity) {
    case 'default':
    case 'full':
      return true
    case 'nothing':
      return false
    case 'index':
      return table.key.every((column) => table.identityIndex.includes(column))
  }
}

async function checkAccess(client: ClientBase, tables: readonly SourceTable[], role: string): Promise<void> {
  const { rows } = await client.query<AccessRow>(
    `select c.oid::text, has_schema_privilege(c.relnamespace, 'USAGE')::text as may_use,
       has_table_privilege(c.oid, 'SELECT')::text as may_select, row_security_active(c.oid)::text as hides_rows
     from pg_class c where c.oid = any ($1::oid[])`,
    [tables.map((table) => table.oid)],
  )
  const access = new Map(rows.map((row) => [Number(row.oid), row]))
  const to = quoteIdentifier(role)
  const closed = tables.filter((table) => access.get(table.oid)?.may_use !== 'true')
  const schemas = [...new Set(closed.map((table) => table.schema))]
  const unreadable = tables.filter((table) => access.get(table.oid)?.may_select !== 'true')
  if (schemas.length > 0 || unreadable.length > 0)
    throw new PipelineError(
      'source/privilege',
      `the role may not read every table: ${[
        ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${to};`),
        ...(unreadable.length > 0
          ? [`GRANT SELECT ON ${unreadable.map(quoteTable).join(', ')} TO ${to};`]
          : []),
      ].join(' ')}`,
    )
  const hidden = tables.filter((table) => access.get(table.oid)?.hides_rows === 'true')
  if (hidden.length > 0)
    throw new PipelineError(
      'source/privilege',
      `row security would hide rows of ${hidden.map(quoteTable).join(', ')}: ALTER ROLE ${to} BYPASSRLS;`,
    )
}

function each(tables: readonly SourceTable[], sql: (table: SourceTable) => string): string {
  return tables.map(sql).join(' ')
}
