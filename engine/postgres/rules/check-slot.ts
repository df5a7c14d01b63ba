import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { refuseFirst } from '../../../core/check.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { readSlot, readSlotRoom, type Slot } from './slot-facts.ts'
import { slotRules } from './slot-rules.ts'

export interface SlotCheck {
  readonly slot: string
  /** Whether our own state says that we created the slot and read from it before. */
  readonly known: boolean
  /** How far we told the slot that everything is durable, read after the slot; undefined when nobody knows. */
  readonly acknowledged?: () => Promise<bigint | undefined>
  /** How long another reader of the slot may take to go away (default 15 s). */
  readonly waitMs?: number
}

const POLL_MS = 250

/** What our own reader understands. */
export const ownPlugins = ['pgoutput'] as const

/**
 * Whether the slot exists and is ours to read. A reader that was killed may hold it for a while:
 * waits, and ends that reader's server process when the slot is known, the process is a Tidemark
 * stream, and it has not reported during the wait. Throws source/slot-foreign, source/slot-in-use,
 * source/slot-lost or source/slots-exhausted.
 */
export async function checkSlot(client: ClientBase, check: SlotCheck): Promise<{ readonly exists: boolean }> {
  const slot = await readSlot(client, check.slot)
  const room = await readSlotRoom(client)
  const acknowledged = await check.acknowledged?.()
  refuseFirst(slotRules, {
    name: check.slot,
    slot,
    room,
    acknowledged,
    known: check.known,
    plugins: ownPlugins,
  })
  if (slot === undefined) return { exists: false }
  if (slot.activePid !== null) await waitForReader(client, check, slot)
  return { exists: true }
}

async function waitForReader(client: ClientBase, check: SlotCheck, first: Slot): Promise<void> {
  const deadline = Date.now() + (check.waitMs ?? 15_000)
  let current: Slot | undefined = first
  while (Date.now() < deadline) {
    await sleep(POLL_MS)
    current = await readSlot(client, check.slot)
    if (current === undefined || current.activePid === null) return
    /* It reported meanwhile, or another one took over: it lives. */
    if (current.replied !== first.replied || current.activePid !== first.activePid)
      throw inUse(check.slot, current)
  }
  if (current?.application !== 'tidemark stream') throw inUse(check.slot, current)
  await terminate(client, check.slot, current)
}

async function terminate(client: ClientBase, slot: string, reader: Slot): Promise<void> {
  await client.query('select pg_terminate_backend($1)', [reader.activePid]).catch((cause: unknown) => {
    throw inUse(slot, reader, cause)
  })
  for (let tries = 0; tries < 20; tries += 1) {
    await sleep(POLL_MS)
    const current = await readSlot(client, slot)
    if (current === undefined || current.activePid === null) return
  }
  throw inUse(slot, reader)
}

function inUse(slot: string, reader: Slot | undefined, cause?: unknown): PipelineError {
  return new PipelineError(
    'source/slot-in-use',
    `slot ${slot} is read by server process ${reader?.activePid ?? 'unknown'}; if that reader is dead: SELECT pg_terminate_backend(${reader?.activePid ?? 'pid'});`,
    cause === undefined ? undefined : { cause },
  )
}
