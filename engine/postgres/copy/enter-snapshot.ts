import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { type SourceTableName, sourceTableName } from '../../../core/source-table-name.ts'
import { quoteLiteral, quoteTable } from '../connection/quote-identifier.ts'
import { tableGone } from '../connection/reading-failure.ts'
import { errorCodeOf } from '../connection/source-error.ts'

/* Beside a migration that is short; one that rewrites a large table is not waited for. */
const LOCK_MS = 20_000

/**
 * Begins a transaction in an exported snapshot to read one table there. When it resolves the table and its partitions
 * are locked against rewrites (ACCESS SHARE, until the transaction ends) and `checkUnchanged` has passed. Waits `lockMs`
 * for the lock (default 20 s). Throws `source/unreachable` when the snapshot is gone, `source/table-busy` when another
 * transaction keeps the table locked, `source/table-changed`, and errors of the server: of the table, 42P01 when it is
 * gone.
 */
export async function enterSnapshot(
  client: ClientBase,
  snapshotName: string,
  table: SourceTableName,
  lockMs: number = LOCK_MS,
): Promise<void> {
  try {
    await client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotName)};
       SET LOCAL lock_timeout = ${Math.max(1, Math.round(lockMs))}`,
    )
  } catch (cause) {
    throw new PipelineError('source/unreachable', 'the snapshot to read in is gone', { cause })
  }
  await checkUnchanged(client, table)
}

/**
 * Locks the table and its partitions and makes sure that a snapshot shows their rows as they were: PostgreSQL's rewrites
 * (ALTER … TYPE, a volatile default, SET LOGGED, TRUNCATE) leave nothing of a table for a snapshot from before, and its
 * definition is always the newest, whatever the snapshot. So storage, columns and partitions have to be those that
 * the snapshot's catalog has. A partition may still be attached later: whoever read a partitioned table asks again
 * before the rows are trusted. For a transaction in the snapshot. Throws `source/table-changed`, which a newer snapshot
 * mends, `source/table-busy`, and `source/table-gone` where a view or the like has its name.
 */
export async function checkUnchanged(client: ClientBase, table: SourceTableName): Promise<void> {
  try {
    const [before] = (await client.query<TableThen>(TABLE_THEN, [table.schema, table.name])).rows
    if (before !== undefined && before.kind !== 'r' && before.kind !== 'p') throw tableGone(table)
    const now = await columnsNow(client, table, before?.kind === 'p')
    if (before === undefined || before.oid !== now.oid || !sameColumns(before.columns, now.columns))
      throw changed(table)
    const { rows } = await client.query(STORAGE_CHANGED, [before.oid])
    if (rows.length > 0) throw changed(table)
  } catch (cause) {
    const code = errorCodeOf(cause)
    /* A view has no `tableoid`: it took the name since. */
    if (code === '42703') throw changed(table)
    throw code === '55P03' ? busy(table, cause) : cause
  }
}

interface Column {
  readonly number: number
  readonly name: string
  /** Null where it is a domain: the server tells its base type only. */
  readonly type: number | null
}

interface TableThen {
  readonly oid: number
  readonly kind: string
  readonly columns: readonly Column[]
}

/* Read as any rows are: as of the snapshot. */
const TABLE_THEN = `
  select c.oid, c.relkind::text as kind, coalesce(json_agg(json_build_object('number', a.attnum, 'name', a.attname,
      'type', case when t.typtype <> 'd' then a.atttypid::int8 end) order by a.attnum)
    filter (where a.attnum is not null), '[]') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_type t on t.oid = a.atttypid
  where n.nspname = $1 and c.relname = $2 group by c.oid, c.relkind`

/* `pg_class` is of the snapshot; both functions tell of now, and the first locks what it lists. A root has no storage. */
const STORAGE_CHANGED = `
  with recursive members(oid) as (
    select $1::oid
    union all select i.inhrelid from members m join pg_class r on r.oid = m.oid and r.relkind = 'p'
      join pg_inherits i on i.inhparent = m.oid),
  before as (select c.oid, nullif(c.relfilenode, 0) as filenode from members m join pg_class c on c.oid = m.oid),
  now as (select relid::oid as oid from pg_partition_tree($1::oid::regclass) union select $1::oid)
  select 1 from before full join now on now.oid = before.oid
  where before.oid is null or now.oid is null or pg_relation_filenode(before.oid) is distinct from before.filenode
  limit 1`

/* A statement is read with the definition of now, and its plan locks every partition. */
async function columnsNow(
  client: ClientBase,
  table: SourceTableName,
  isPartitioned: boolean,
): Promise<Pick<TableThen, 'oid' | 'columns'>> {
  const select = `SELECT t.tableoid, t.* FROM ${isPartitioned ? '' : 'ONLY '}${quoteTable(table)} AS t LIMIT 0`
  const {
    fields: [oid, ...fields],
  } = await client.query(select)
  const columns = fields.map(({ columnID, name, dataTypeID }) => ({
    number: columnID,
    name,
    type: dataTypeID,
  }))
  return { oid: oid?.tableID ?? 0, columns }
}

function sameColumns(before: readonly Column[], now: readonly Column[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ number, name, type }, index) => {
      const other = now[index]
      return other?.number === number && other.name === name && (type === null || other.type === type)
    })
  )
}

function changed(table: SourceTableName): PipelineError {
  return new PipelineError(
    'source/table-changed',
    `${sourceTableName(table)} was altered, truncated or got other partitions after the snapshot it was to be read in`,
  )
}

/* Who has the lock, or waits for it with everybody else behind: on the table or one of its partitions. */
function busy(table: SourceTableName, cause: unknown): PipelineError {
  const root = `${quoteLiteral(quoteTable(table)).trim()}::regclass`
  const members = `WITH RECURSIVE t AS (SELECT ${root}::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN t ON i.inhparent = t.oid) SELECT oid FROM t`
  return new PipelineError(
    'source/table-busy',
    `${sourceTableName(table)} is locked against readers: SELECT a.pid, a.xact_start, a.state, a.query FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE l.mode = 'AccessExclusiveLock' AND l.relation IN (${members});`,
    { cause },
  )
}
