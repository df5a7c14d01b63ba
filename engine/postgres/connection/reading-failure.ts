import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { type SourceTableName, sourceTableName } from '../../../core/source-table-name.ts'
import { quoteIdentifier, quoteTable } from './quote-identifier.ts'
import { errorCodeOf, toSourceError } from './source-error.ts'

interface Access {
  readonly role: string
  readonly isTable: boolean
  readonly mayEnter: boolean | null
  readonly maySelect: boolean | null
  readonly hidesRows: boolean | null
}

const ACCESS = `
  select current_user::text as role, c.relkind in ('r', 'p') as "isTable", has_schema_privilege(n.oid, 'USAGE') as "mayEnter",
    has_table_privilege(c.oid, 'SELECT') as "maySelect", row_security_active(c.oid) as "hidesRows"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`

/**
 * Names an error that reading a table ended with: a table that is gone is `source/table-gone`, and what the role may not
 * read `source/privilege` with the statement that allows it, which the server is asked for; its transaction is over then.
 * `what` says what could not be done.
 */
export async function readingFailure(
  client: ClientBase,
  table: SourceTableName,
  cause: unknown,
  what: string,
): Promise<PipelineError> {
  const code = errorCodeOf(cause)
  if (cause instanceof PipelineError) return cause
  /* The last: a sequence, an index or a materialized view has the name. */
  if (code === '42P01' || code === '3F000' || code === '42809') return tableGone(table, cause)
  if (code !== '42501') return toSourceError(cause, what)
  const access = await accessOf(client, table).catch(() => undefined)
  if (access?.isTable === false) return tableGone(table, cause)
  return new PipelineError(
    'source/privilege',
    `cannot read ${sourceTableName(table)}: ${statementFor(table, access)}`,
    { cause },
  )
}

/** `source/table-gone` of a table. */
export function tableGone(table: SourceTableName, cause?: unknown): PipelineError {
  return new PipelineError(
    'source/table-gone',
    `${sourceTableName(table)} is not in the source any more: it was dropped, renamed or moved`,
    {
      cause,
    },
  )
}

async function accessOf(client: ClientBase, table: SourceTableName): Promise<Access | undefined> {
  await client.query('ROLLBACK')
  return (await client.query<Access>(ACCESS, [table.schema, table.name])).rows[0]
}

function statementFor(table: SourceTableName, access: Access | undefined): string {
  const role = access === undefined ? 'CURRENT_USER' : quoteIdentifier(access.role)
  if (access?.maySelect === true && access.mayEnter === true && access.hidesRows === true)
    return `row security hides rows of it: ALTER ROLE ${role} BYPASSRLS;`
  const schema = `GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${role};`
  const select = `GRANT SELECT ON ${quoteTable(table)} TO ${role};`
  return [
    ...(access?.mayEnter === false ? [schema] : []),
    ...(access?.maySelect === true ? [] : [select]),
  ].join(' ')
}
