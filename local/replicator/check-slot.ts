import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { PipelineError } from '../../core/failures.ts'
import { quoteLiteral } from './quote-identifier.ts'

export interface SlotCheck {
  readonly slot: string
  /** Whether our own state says that we created the slot and read from it before. */
  readonly known: boolean
  /** How long another reader of the slot may take to go away (default 15 s). */
  readonly waitMs?: number
}

interface SlotRow {
  readonly plugin: string | null
  readonly database: string | null
  readonly current_database: string
  readonly active_pid: number | null
  readonly wal_status: string | null
  readonly confirmed: string | null
  readonly application: string | null
  /** When the reader last reported; a living one does so every 10 s. */
  readonly replied: string | null
}

const POLL_MS = 250

/**
 * Whether the slot exists and is ours to read. A reader that was killed may hold it for a while:
 * waits, and ends that reader's server process when the slot is known, the process is a Tidemark
 * stream, and it has not reported during the wait. Throws source/slot-foreign, source/slot-in-use,
 * source/slot-lost or source/slots-exhausted.
 */
export async function checkSlot(client: ClientBase, check: SlotCheck): Promise<{ readonly exists: boolean }> {
  const slot = await readSlot(client, check.slot)
  if (slot === undefined) {
    if (check.known) throw lost(check.slot, 'does not exist any more')
    await checkFreeSlots(client)
    return { exists: false }
  }
  const drop = `SELECT pg_drop_replication_slot(${quoteLiteral(check.slot)});`
  if (slot.plugin !== 'pgoutput' || slot.database !== slot.current_database)
    throw new PipelineError(
      'source/slot-foreign',
      `slot ${check.slot} is not a pgoutput slot of this database; if nobody needs it: ${drop}`,
    )
  if (!check.known)
    throw new PipelineError(
      'source/slot-foreign',
      `slot ${check.slot} exists, and nothing here knows what it has read; if nobody needs it: ${drop}`,
    )
  if (slot.wal_status === 'lost' || slot.confirmed === null) throw lost(check.slot, 'has lost its log')
  if (slot.active_pid !== null) await waitForReader(client, check, slot)
  return { exists: true }
}

async function waitForReader(client: ClientBase, check: SlotCheck, first: SlotRow): Promise<void> {
  const deadline = Date.now() + (check.waitMs ?? 15_000)
  let current: SlotRow | undefined = first
  while (Date.now() < deadline) {
    await sleep(POLL_MS)
    current = await readSlot(client, check.slot)
    if (current === undefined || current.active_pid === null) return
    /* It reported meanwhile, or another one took over: it lives. */
    if (current.replied !== first.replied || current.active_pid !== first.active_pid)
      throw inUse(check.slot, current)
  }
  if (current?.application !== 'tidemark stream') throw inUse(check.slot, current)
  await terminate(client, check.slot, current)
}

async function terminate(client: ClientBase, slot: string, reader: SlotRow): Promise<void> {
  await client.query('select pg_terminate_backend($1)', [reader.active_pid]).catch((cause: unknown) => {
    throw inUse(slot, reader, cause)
  })
  for (let tries = 0; tries < 20; tries += 1) {
    await sleep(POLL_MS)
    const current = await readSlot(client, slot)
    if (current === undefined || current.active_pid === null) return
  }
  throw inUse(slot, reader)
}

async function readSlot(client: ClientBase, name: string): Promise<SlotRow | undefined> {
  const { rows } = await client.query<SlotRow>(
    `select s.plugin::text, s.database::text, current_database()::text, s.active_pid,
       to_jsonb(s) ->> 'wal_status' as wal_status, s.confirmed_flush_lsn::text as confirmed,
       r.application_name as application, r.reply_time::text as replied
     from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
     where s.slot_name = $1`,
    [name],
  )
  return rows[0]
}

async function checkFreeSlots(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ slots: number; used: number; senders: number; sending: number }>(
    `select current_setting('max_replication_slots')::int as slots, current_setting('max_wal_senders')::int as senders,
       (select count(*)::int from pg_replication_slots) as used,
       (select count(*)::int from pg_stat_activity where backend_type = 'walsender') as sending`,
  )
  const row = rows[0]
  if (row === undefined) return
  if (row.used >= row.slots)
    throw new PipelineError(
      'source/slots-exhausted',
      `all ${row.slots} replication slots are taken: ALTER SYSTEM SET max_replication_slots = ${row.slots + 5}; then restart PostgreSQL`,
    )
  if (row.sending >= row.senders)
    throw new PipelineError(
      'source/slots-exhausted',
      `all ${row.senders} WAL senders are taken: ALTER SYSTEM SET max_wal_senders = ${row.senders + 5}; then restart PostgreSQL`,
    )
}

function lost(slot: string, how: string): PipelineError {
  return new PipelineError('source/slot-lost', `slot ${slot} ${how}`)
}

function inUse(slot: string, reader: SlotRow | undefined, cause?: unknown): PipelineError {
  return new PipelineError(
    'source/slot-in-use',
    `slot ${slot} is read by server process ${reader?.active_pid ?? 'unknown'}; if that reader is dead: SELECT pg_terminate_backend(${reader?.active_pid ?? 'pid'});`,
    cause === undefined ? undefined : { cause },
  )
}
