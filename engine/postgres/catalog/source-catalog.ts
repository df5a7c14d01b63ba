import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { SourceTableName } from '../../../core/source-table-name.ts'
import { IDENTITIES, type ReplicaIdentity } from './identity-facts.ts'
import {
  type CatalogRow,
  columnsSelect,
  isNotNull,
  type SourceColumn,
  toSourceColumn,
} from './source-column.ts'
import { followedMatcher, idlePatterns, isRelationName, tableMatcher } from './table-pattern.ts'

/** One table of the source as its catalog describes it. */
export interface SourceTable {
  readonly schema: string
  readonly name: string
  readonly oid: number
  /** In the table's order, without generated columns: those do not reach the stream. */
  readonly columns: readonly SourceColumn[]
  /** Columns of the primary key, in the key's order; empty when there is none. */
  readonly key: readonly string[]
  readonly replicaIdentity: ReplicaIdentity
  readonly isPartitioned: boolean
  readonly comment?: string
}

/** A table whose changes are not in the log. */
export interface SilentTable extends SourceTableName {
  readonly why: 'unlogged' | 'foreign'
}

export interface FoundTables {
  readonly tables: readonly SourceTable[]
  /** Those that the patterns name, too, and that no stream has. */
  readonly silent: readonly SilentTable[]
  /** Names of single tables that are not there. */
  readonly missing: readonly string[]
}

interface TableRow {
  readonly schema: string
  readonly name: string
  readonly oid: string
  readonly identity: string
  readonly partitioned: string
  readonly comment: string | null
}

/* Partitions are left out, their root stands for them; so are tables that belong to an extension. */
const TABLES = `
  select n.nspname as schema, c.relname as name, c.oid::text as oid, c.relreplident::text as identity,
    (c.relkind = 'p')::text as partitioned, obj_description(c.oid, 'pg_class') as comment
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname, c.relname`

/* A partition of that kind is told with its root. */
const SILENT = `
  select n.nspname::text as schema, c.relname::text as name,
    case when c.relkind = 'f' then 'foreign' else 'unlogged' end as why
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (c.relkind = 'f' or c.relkind = 'r' and c.relpersistence = 'u') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname, c.relname`

const COLUMNS = columnsSelect(`
  select a.attrelid as relation, a.attname as name, a.attnum as position, a.atttypid as type_oid,
    a.atttypmod as modifier, ${isNotNull} as not_null, a.attgenerated <> '' as generated,
    case when array_position(i.indkey::int2[], a.attnum) < i.indnkeyatts
      then array_position(i.indkey::int2[], a.attnum) + 1 end as key_position,
    col_description(a.attrelid, a.attnum) as comment
  from pg_attribute a
  left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
  where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped`)

/**
 * The tables that `patterns` name, by schema and name. A pattern is `schema.table`, `*` stands for
 * any run of characters, `!` before a pattern leaves its tables out. The tables of `also` are taken
 * too, where there are any. Throws source/no-tables when nothing matches or a pattern without `*`
 * names no table.
 */
export async function readSourceCatalog(
  client: ClientBase,
  patterns?: readonly string[],
  also?: readonly string[],
): Promise<readonly SourceTable[]> {
  const { tables, silent, missing } = await findSourceTables(client, patterns, also)
  /* Not one that a pattern takes along with others. */
  const named = (patterns ?? []).filter(isRelationName)
  const unread = named.filter((name) => silent.some(tableMatcher([name])))
  if (missing.length + unread.length > 0) throw noTables([...missing, ...unread])
  if (tables.length === 0) throw noTables(patterns ?? ['*.*'])
  return tables
}

/** The same, with what was asked for and cannot be read; throws only when nothing matches. */
export async function findSourceTables(
  client: ClientBase,
  patterns: readonly string[] = ['*.*'],
  also: readonly string[] = [],
): Promise<FoundTables> {
  const isAsked = followedMatcher(patterns, also)
  const { rows } = await client.query<TableRow>(TABLES)
  const matching = rows.filter(isAsked)
  const silent = (await readSilentTables(client)).filter(isAsked)
  const missing = idlePatterns(patterns.filter(isRelationName), [...rows, ...silent])
  if (matching.length + silent.length === 0) throw noTables(missing.length > 0 ? missing : patterns)
  const columns = await readColumns(
    client,
    matching.map((row) => row.oid),
  )
  return {
    silent,
    missing,
    tables: matching.map((row) => toSourceTable(row, columns.get(row.oid) ?? [])),
  }
}

/** Every unlogged and foreign table, but for partitions and those of extensions. */
export async function readSilentTables(client: ClientBase): Promise<readonly SilentTable[]> {
  return (await client.query<SilentTable>(SILENT)).rows
}

function noTables(patterns: readonly string[]): PipelineError {
  return new PipelineError('source/no-tables', `no table of the source matches ${patterns.join(', ')}`)
}

async function readColumns(
  client: ClientBase,
  oids: readonly string[],
): Promise<ReadonlyMap<string, readonly SourceColumn[]>> {
  const { rows } = await client.query<CatalogRow>(COLUMNS, [oids])
  const columns = new Map<string, SourceColumn[]>()
  for (const row of rows) {
    const ofTable = columns.get(row.relation) ?? []
    ofTable.push(toSourceColumn(row))
    columns.set(row.relation, ofTable)
  }
  return columns
}

function toSourceTable(row: TableRow, columns: readonly SourceColumn[]): SourceTable {
  const key = columns
    .filter((column) => column.keyPosition !== undefined)
    .sort((left, right) => (left.keyPosition ?? 0) - (right.keyPosition ?? 0))
    .map((column) => column.name)
  return {
    schema: row.schema,
    name: row.name,
    oid: Number(row.oid),
    columns: columns.filter((column) => !column.isGenerated),
    key,
    replicaIdentity: IDENTITIES[row.identity] ?? 'nothing',
    isPartitioned: row.partitioned === 'true',
    ...(row.comment === null ? {} : { comment: row.comment }),
  }
}
