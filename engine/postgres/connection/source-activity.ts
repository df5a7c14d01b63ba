import type { ClientBase } from 'pg'
import type { SourceActivity } from '../../../core/operations/answers.ts'
import { closeClient, connectSource, type Source } from './source-connection.ts'

interface ActivityRow {
  readonly active: string
  readonly longest: string
  readonly lag: string
  readonly retained: string
  readonly replica: string
}

/* Without pg_read_all_stats the state of other roles' sessions is null: those are not counted. */
const ACTIVITY = `
  with sessions as (
    select state, xact_start from pg_stat_activity
    where pid <> pg_backend_pid() and backend_type = 'client backend'
  ), wal as (
    select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as position
  )
  select (select count(*) from sessions where state in ('active', 'fastpath function call'))::text as active,
    (select coalesce(greatest(extract(epoch from clock_timestamp() - min(xact_start)), 0), 0) from sessions)::text as longest,
    greatest(coalesce(wal.position - s.confirmed_flush_lsn, 0), 0)::text as lag,
    greatest(coalesce(wal.position - s.restart_lsn, 0), 0)::text as retained,
    pg_is_in_recovery()::text as replica
  from wal left join pg_replication_slots s on s.slot_name = $1`

/** Reads what the server's own views say at this moment. */
export async function readSourceActivity(client: ClientBase, slot: string): Promise<SourceActivity> {
  const { rows } = await client.query<ActivityRow>(ACTIVITY, [slot])
  const [row] = rows
  return {
    activeBackends: Number(row?.active ?? 0),
    longestTransactionSeconds: Number(row?.longest ?? 0),
    slotLagBytes: Number(row?.lag ?? 0),
    retainedWalBytes: Number(row?.retained ?? 0),
    isReplica: row?.replica === 'true',
  }
}

/** The same on a connection of its own. */
export async function askSourceActivity(source: Source, slot: string): Promise<SourceActivity> {
  const client = await connectSource(source, { applicationName: 'tidemark load' })
  try {
    return await readSourceActivity(client, slot)
  } finally {
    await closeClient(client)
  }
}
