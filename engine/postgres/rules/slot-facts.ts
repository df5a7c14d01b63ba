import type { ClientBase } from 'pg'

/** One replication slot as the server shows it. */
export interface Slot {
  readonly plugin: string | null
  readonly isOfThisDatabase: boolean
  /** The server process of its reader. */
  readonly activePid: number | null
  /** `reserved`, `extended`, `unreserved` or `lost`; null before PostgreSQL 13. */
  readonly walStatus: string | null
  /** Why the server gave it up, from PostgreSQL 17. */
  readonly invalidation: string | null
  /** When its last reader went, from PostgreSQL 17. */
  readonly inactiveSince: string | null
  readonly confirmed: string | null
  /** Log that the server keeps for it, and log that its reader has not confirmed. */
  readonly keptBytes: number
  readonly behindBytes: number
  /** Log that may still be written before the slot is lost; null where nothing limits it. */
  readonly safeBytes: number | null
  readonly application: string | null
  /** When the reader last reported; a living one does so every 10 s. */
  readonly replied: string | null
}

/** How many slots and WAL senders there are, and how many are taken. */
export interface SlotRoom {
  readonly slots: number
  readonly used: number
  readonly senders: number
  readonly sending: number
  readonly isRds: boolean
}

export interface SlotFacts {
  readonly name: string
  readonly slot: Slot | undefined
  readonly room: SlotRoom
  /** Whether our own state says that we made the slot and read from it before; undefined when nobody here can say. */
  readonly known: boolean | undefined
  /** How far we told it that everything is durable, at most; undefined when nobody here can say. */
  readonly acknowledged?: bigint | undefined
  /** Output plugins that the reader understands; the first is what a new slot gets. */
  readonly plugins: readonly string[]
}

interface SlotRow {
  readonly plugin: string | null
  readonly own: string
  readonly active_pid: number | null
  readonly wal_status: string | null
  readonly invalidation: string | null
  readonly inactive_since: string | null
  readonly confirmed: string | null
  readonly kept: string
  readonly behind: string
  readonly safe: string | null
  readonly application: string | null
  readonly replied: string | null
}

/* Columns that only newer versions have are read out of the row as JSON. */
const SLOT = `
  with wal as (
    select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as position
  )
  select s.plugin::text, (s.database = current_database())::text as own, s.active_pid,
    to_jsonb(s) ->> 'wal_status' as wal_status, to_jsonb(s) ->> 'invalidation_reason' as invalidation,
    to_jsonb(s) ->> 'inactive_since' as inactive_since, s.confirmed_flush_lsn::text as confirmed,
    greatest(coalesce(wal.position - s.restart_lsn, 0), 0)::text as kept,
    greatest(coalesce(wal.position - s.confirmed_flush_lsn, 0), 0)::text as behind,
    to_jsonb(s) ->> 'safe_wal_size' as safe,
    r.application_name as application, r.reply_time::text as replied
  from wal cross join pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
  where s.slot_name = $1`

export async function readSlot(client: ClientBase, name: string): Promise<Slot | undefined> {
  const { rows } = await client.query<SlotRow>(SLOT, [name])
  const [row] = rows
  if (row === undefined) return undefined
  const { plugin, confirmed, application, replied, invalidation } = row
  return {
    plugin,
    confirmed,
    application,
    replied,
    invalidation,
    isOfThisDatabase: row.own === 'true',
    activePid: row.active_pid,
    walStatus: row.wal_status,
    inactiveSince: row.inactive_since,
    keptBytes: Number(row.kept),
    behindBytes: Number(row.behind),
    safeBytes: row.safe === null ? null : Number(row.safe),
  }
}

export async function readSlotRoom(client: ClientBase): Promise<SlotRoom> {
  const { rows } = await client.query<{
    slots: number
    used: number
    senders: number
    sending: number
    rds: string
  }>(
    `select current_setting('max_replication_slots')::int as slots, current_setting('max_wal_senders')::int as senders,
       (select count(*)::int from pg_replication_slots) as used,
       (select count(*)::int from pg_stat_activity where backend_type = 'walsender') as sending,
       exists (select from pg_roles where rolname = 'rds_replication')::text as rds`,
  )
  const [row = { slots: 0, used: 0, senders: 0, sending: 0, rds: 'false' }] = rows
  const { rds, ...room } = row
  return { ...room, isRds: rds === 'true' }
}
