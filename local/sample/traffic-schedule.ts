import type { Dice } from './dice.ts'
import type { LaneNumber } from './traffic-lane.ts'
import { peopleActions } from './traffic-people.ts'
import type { ActionName } from './traffic-report.ts'
import { shiftActions } from './traffic-shifts.ts'
import type { Action } from './traffic-transaction.ts'

export interface Draw {
  readonly name: ActionName
  readonly action: Action
  readonly rows: number
}

/** Which action comes next in one lane: most are drawn by weight, some come after so many changes. */
export interface Schedule {
  next(): Draw
  /** Tells how many changes the last draw cost. */
  passed(changes: number): void
}

const actions: Readonly<Record<ActionName, Action>> = { ...shiftActions, ...peopleActions }
const mostRows = 500
/** Below this rate a large transaction would be most of the traffic for too long. */
const largeFrom = 500

export function openSchedule(
  options: { readonly changesPerSecond: number; readonly badRows?: boolean },
  dice: Dice,
  lane: LaneNumber,
): Schedule {
  const names = Object.entries(actions).flatMap(([name, { weight }]) =>
    // Object.entries forgets the keys that the type above demands.
    Array.from({ length: weight }, () => name as ActionName),
  )
  // About 100 transactions a second do the asked rate, of sizes around that; slow traffic is single rows.
  const typical = Math.max(1, Math.min(mostRows / 2, Math.round(options.changesPerSecond / 100)))
  const never = Number.POSITIVE_INFINITY
  let large = options.changesPerSecond >= largeFrom ? 4_000 + lane * 40_000 : never
  let bad = options.badRows === false ? never : 500 + dice.roll(1_500)
  let mend = never
  const choose = (): ActionName => {
    if (large <= 0) {
      large = 50_000 + dice.roll(50_000)
      return 'large-transaction'
    }
    if (bad <= 0) {
      bad = 1_000 + dice.roll(2_000)
      // One in five stays as it is.
      if (dice.roll(5) > 0) mend = 100 + dice.roll(700)
      return 'bad-row'
    }
    if (mend <= 0) {
      mend = never
      return 'mend-row'
    }
    return names[dice.roll(names.length)] ?? 'progress-shifts'
  }
  return {
    next: () => {
      const name = choose()
      return { name, action: actions[name], rows: Math.min(mostRows, 1 + dice.roll(2 * typical - 1)) }
    },
    passed: (changes) => {
      large -= changes
      bad -= changes
      mend -= changes
    },
  }
}
