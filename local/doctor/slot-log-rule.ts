import { bytesText } from '../../core/amount-text.ts'
import { fail, ok, type Rule, step, type Verdict, warn } from '../../core/check.ts'
import type { Slot, SlotFacts } from '../../engine/postgres/rules/slot-facts.ts'
import { dropSlot } from '../../engine/postgres/rules/slot-rules.ts'

const GB = 1_000_000_000

/** How much log the slot makes the server keep. A start does not look: reading it is what mends it. */
export const slotLogRule: Rule<SlotFacts> = {
  id: 'source.slot-log',
  title: 'the log that the slot keeps is small, and far from its limit',
  evaluate: ({ slot, name }) => {
    if (slot === undefined) return ok('no slot keeps any log')
    /* Rule source.slot tells what to do then. */
    if (slot.walStatus === 'lost') return fail(`${kept(slot)}; the rest is gone`)
    const fix = slot.activePid === null ? start(name) : faster
    if (slot.walStatus === 'unreserved')
      return fail(`${kept(slot)}: above its limit, lost at one of the next checkpoints`, ...fix)
    if (slot.safeBytes !== null && slot.safeBytes < slot.keptBytes)
      return warn(`${kept(slot)}: lost after ${bytesText(slot.safeBytes)} more`, ...fix)
    if (slot.activePid === null && slot.keptBytes > GB) return warn(`${kept(slot)}, and nobody reads`, ...fix)
    if (slot.keptBytes > 10 * GB) return warn(kept(slot), ...fix)
    return ok(kept(slot))
  },
}

const faster = [
  step(
    'see which transactions stand open (source.transactions), and how far the reader is (tidemark status)',
  ),
]

function start(name: string): Verdict['fix'] {
  return [step(`start its reader, or give the slot up: ${dropSlot(name)}`)]
}

function kept({ keptBytes, behindBytes, inactiveSince }: Slot): string {
  const since = inactiveSince === null ? '' : `, not read since ${inactiveSince.slice(0, 19)}`
  return `${bytesText(keptBytes)} of log kept, ${bytesText(behindBytes)} not confirmed${since}`
}
