import type { ClientBase } from 'pg'
import type { SourceReader } from '../../engine/postgres/catalog/source-facts.ts'
import { errorCodeOf } from '../../engine/postgres/connection/source-error.ts'

/** Settings of the server and of this connection that do not stop a start, and hurt later. */
export interface SettingFacts {
  readonly host: string
  readonly isEncrypted: boolean
  readonly serverSpeaksTls: boolean
  /** Of a session that does not set its own, milliseconds; 0 for none. */
  readonly senderTimeoutMs: number
  /** What takes the setting of the role or the database away; null when it is the server's. */
  readonly senderTimeoutReset: string | null
  /** Bytes of log that a slot may keep; null for no limit. */
  readonly slotLimitBytes: number | null
  /** Seconds after which a slot that nobody reads is given up, from PostgreSQL 18 on; 0 for never. */
  readonly idleLimitSeconds: number
  /** Output plugins that roles may read slots with; null where the server has no list of them. */
  readonly plugins: readonly string[] | null
  readonly isStandby: boolean
  readonly version: number
  readonly isRds: boolean
  readonly reader: SourceReader
}

/** Transactions that keep the slot from moving on, of every database: the log is one. */
export interface SessionFacts {
  /** Open longer than this, seconds, is reported. */
  readonly limitSeconds: number
  readonly role: string
  /** Whether the role may see sessions of others. */
  readonly mayLook: boolean
  readonly open: readonly OpenTransaction[]
  readonly prepared: readonly PreparedTransaction[]
}

export interface OpenTransaction {
  readonly pid: number
  readonly seconds: number
  /** Nobody works in it. */
  readonly isIdle: boolean
}

export interface PreparedTransaction {
  readonly gid: string
  readonly seconds: number
  readonly database: string
  /** It can be ended from this connection. */
  readonly isHere: boolean
}

interface SettingRow {
  readonly encrypted: string
  readonly ssl: string
  readonly sender: string
  readonly sender_reset: string | null
  readonly kept: string | null
  readonly idle: string | null
  readonly plugins: string | null
  readonly standby: string
}

/* Settings by their unit: ms, MB and s. */
const SETTINGS = `
  select coalesce((select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid()), false)::text as encrypted,
    current_setting('ssl') as ssl,
    (select reset_val from pg_settings where name = 'wal_sender_timeout') as sender,
    (select format(case when s.setrole = 0 and s.setdatabase = 0 then 'ALTER ROLE ALL' when s.setrole = 0 then 'ALTER DATABASE %2$I'
        when s.setdatabase = 0 then 'ALTER ROLE %1$I' else 'ALTER ROLE %1$I IN DATABASE %2$I' end || ' RESET wal_sender_timeout;',
        session_user, current_database())
      from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase
      where exists (select from unnest(s.setconfig) c where c like 'wal_sender_timeout=%')
        and s.setrole in (0, (select oid from pg_roles where rolname = session_user))
        and (s.setdatabase = 0 or d.datname = current_database())
      order by s.setrole = 0, s.setdatabase = 0 limit 1) as sender_reset,
    (select setting from pg_settings where name = 'max_slot_wal_keep_size') as kept,
    (select setting from pg_settings where name = 'idle_replication_slot_timeout') as idle,
    (select setting from pg_settings where name = 'output_plugin_libraries') as plugins,
    pg_is_in_recovery()::text as standby`

export async function readSettings(
  client: ClientBase,
  known: Pick<SettingFacts, 'host' | 'version' | 'isRds' | 'reader'>,
): Promise<SettingFacts> {
  const { rows } = await client.query<SettingRow>(SETTINGS)
  const [row] = rows
  const keptMb = row?.kept === null || row?.kept === '-1' ? null : Number(row?.kept)
  return {
    ...known,
    isEncrypted: row?.encrypted === 'true',
    serverSpeaksTls: row?.ssl === 'on',
    senderTimeoutMs: Number(row?.sender),
    senderTimeoutReset: row?.sender_reset ?? null,
    slotLimitBytes: keptMb === null ? null : keptMb * (1 << 20),
    idleLimitSeconds: Number(row?.idle ?? 0),
    plugins:
      row?.plugins == null ? null : row.plugins.split(',').map((name) => name.trim().replaceAll('"', '')),
    isStandby: row?.standby === 'true',
  }
}

/* What has written holds the log; what is idle may have, or may write next. */
const OPEN = `
  select pid, floor(extract(epoch from clock_timestamp() - xact_start))::int as seconds,
    state in ('idle in transaction', 'idle in transaction (aborted)') as "isIdle"
  from pg_stat_activity
  where (state in ('idle in transaction', 'idle in transaction (aborted)') or backend_xid is not null)
    and pid <> pg_backend_pid() and xact_start <= clock_timestamp() - make_interval(secs => $1)
  order by xact_start`

const PREPARED = `
  select gid, floor(extract(epoch from clock_timestamp() - prepared))::int as seconds, database::text,
    database = current_database() as "isHere"
  from pg_prepared_xacts
  where prepared <= clock_timestamp() - make_interval(secs => $1)
  order by prepared`

export async function readSessions(
  client: ClientBase,
  { role, limitSeconds }: Pick<SessionFacts, 'role' | 'limitSeconds'>,
): Promise<SessionFacts> {
  const look = await client.query<{ may: string }>(
    `select pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')::text as may`,
  )
  const open = await client.query<OpenTransaction>(OPEN, [limitSeconds])
  const prepared = await client.query<PreparedTransaction>(PREPARED, [limitSeconds])
  const mayLook = look.rows[0]?.may === 'true'
  return { role, limitSeconds, mayLook, open: open.rows, prepared: prepared.rows }
}

/** Whether the DDL audit of DMS is there: its table and its event trigger. */
export interface DdlAuditFacts {
  readonly hasTable: boolean
  readonly hasTrigger: boolean
  readonly isSuperuser: boolean
}

export async function readDdlAudit(client: ClientBase): Promise<DdlAuditFacts> {
  const { rows } = await client.query<{ has_table: string; has_trigger: string; super: string }>(
    `select exists (select from pg_class where relname = 'awsdms_ddl_audit' and relkind in ('r', 'p'))::text as has_table,
       exists (select from pg_event_trigger where evtname = 'awsdms_intercept_ddl' and evtenabled <> 'D')::text as has_trigger,
       exists (select from pg_roles r where r.rolname in (current_user, 'rds_superuser') and (r.rolsuper or
         r.rolname = 'rds_superuser' and pg_has_role(current_user, r.oid, 'USAGE')))::text as super`,
  )
  const [row] = rows
  return {
    hasTable: row?.has_table === 'true',
    hasTrigger: row?.has_trigger === 'true',
    isSuperuser: row?.super === 'true',
  }
}

/** Reads in one transaction that may write nothing, with short limits. */
export async function readOnly<T>(client: ClientBase, read: () => Promise<T>): Promise<T> {
  await client.query(`begin read only; set local statement_timeout = '15s'; set local lock_timeout = '2s'`)
  try {
    return await read()
  } finally {
    /* A connection that broke has no transaction to end. */
    await client.query('rollback').catch((error: unknown) => errorCodeOf(error))
  }
}
