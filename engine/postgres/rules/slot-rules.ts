import { ok, type Rule, refuse, shell, sql, step, type Verdict, warn } from '../../../core/check.ts'
import { formatLsn, parseLsn } from '../connection/lsn.ts'
import { quoteLiteral } from '../connection/quote-identifier.ts'
import { settingFix } from './setting-fix.ts'
import type { SlotFacts, SlotRoom } from './slot-facts.ts'

/** What DMS reads slots with. */
export const dmsPlugins = ['test_decoding', 'pglogical_output'] as const

/** What must hold of the slot before it is read. A start stops at the first; `doctor` shows all. */
export const slotRules: readonly Rule<SlotFacts>[] = [
  {
    id: 'source.slot',
    title: 'the replication slot is ours, and has its log',
    evaluate: (facts) => {
      const { name, slot, known, plugins } = facts
      if (slot === undefined) {
        if (known === true) return lost(facts, 'does not exist any more')
        return ok(`slot ${name} does not exist yet: the first start makes it`)
      }
      if (!plugins.includes(slot.plugin ?? '') || !slot.isOfThisDatabase)
        return refuse(
          'source/slot-foreign',
          `slot ${name} is not a ${plugins.join(' or ')} slot of this database; if nobody needs it`,
          sql(dropSlot(name)),
        )
      if (known === false)
        return refuse(
          'source/slot-foreign',
          `slot ${name} exists, and nothing here knows what it has read; if nobody needs it`,
          sql(dropSlot(name)),
        )
      if (slot.walStatus === 'lost' || slot.confirmed === null) {
        const why = slot.invalidation === null ? '' : ` (${slot.invalidation})`
        return lost(facts, `has lost its log${why}`)
      }
      const ahead = movedAhead(facts, slot.confirmed)
      if (ahead !== undefined) return ahead
      const reader =
        slot.activePid === null ? 'nobody reads it now' : `read by server process ${slot.activePid}`
      if (known === undefined && slot.activePid === null) return unclaimed(facts)
      return ok(`slot ${name}, ${slot.plugin}: ${reader}`)
    },
  },
  {
    id: 'source.slot-room',
    title: 'there is a slot and a WAL sender for the run, and one more while it loads or proves',
    evaluate: ({ slot, room }) => {
      const [slots, senders] = [room.slots - room.used, room.senders - room.sending]
      if (slot === undefined && slots <= 0)
        return refuse(
          'source/slots-exhausted',
          `all ${room.slots} replication slots are taken`,
          ...enlarged('replication slots', room),
        )
      if (slot === undefined && senders <= 0)
        return refuse(
          'source/slots-exhausted',
          `all ${room.senders} WAL senders are taken`,
          ...enlarged('WAL senders', room),
        )
      const wanted = slot === undefined ? 2 : 1
      const message = `${slots} replication slots and ${senders} WAL senders are free`
      if (slots >= wanted && senders >= wanted) return ok(message)
      const scarce = slots < wanted ? 'replication slots' : 'WAL senders'
      return warn(`${message}: too few for a load or a proof beside the run`, ...enlarged(scarce, room))
    },
  },
]

/** The statement that gives a slot up. */
export function dropSlot(name: string): string {
  return `SELECT pg_drop_replication_slot(${quoteLiteral(name)});`
}

type Taken = 'replication slots' | 'WAL senders'

/* Five more than now: each takes little. */
function enlarged(taken: Taken, { slots, senders, isRds }: SlotRoom) {
  const [name, now] =
    taken === 'WAL senders' ? ['max_wal_senders', senders] : ['max_replication_slots', slots]
  return settingFix({ name: String(name), value: String(Number(now) + 5), isStatic: true }, isRds)
}

function lost({ name, plugins }: SlotFacts, how: string): Verdict {
  const again = plugins.includes('pgoutput')
    ? shell('npx tidemark dev --reload')
    : step('make the slot, the CDC task and the loads anew: docs/15-deploying.md')
  return refuse('source/slot-lost', `slot ${name} ${how}`, again)
}

/* What lies between was given up at the source, and nothing here has it. */
function movedAhead({ name, acknowledged }: SlotFacts, confirmed: string): Verdict | undefined {
  if (acknowledged === undefined || parseLsn(confirmed) <= acknowledged) return undefined
  return refuse(
    'source/slot-ahead',
    `slot ${name} is at ${confirmed}, and this folder has read up to ${formatLsn(acknowledged)}: somebody else has moved it, or the folder is an older copy`,
    shell('npx tidemark dev --reload'),
  )
}

function unclaimed({ name }: SlotFacts): Verdict {
  return warn(
    `slot ${name} exists and nobody reads it: the server keeps its log for it. Name its run folder with --dir, or, if nobody needs it`,
    sql(dropSlot(name)),
  )
}
