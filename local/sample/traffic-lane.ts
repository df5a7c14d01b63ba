import type { Dice } from './dice.ts'

/** Two connections, and each changes rows of its own: their transactions interleave, they never wait for each other. */
export const lanes = [0, 1] as const
export type LaneNumber = (typeof lanes)[number]

/** What one connection may touch: shifts and shops of its parity, uuids of its half. */
export interface Lane {
  readonly number: LaneNumber
  /** Shops with this number and below are never closed. */
  readonly lastShop: number
  /** Reserves `count` shift ids, two apart, and returns the first. */
  newShifts(count: number): bigint
  /** Somewhere in the lane's shifts; the next existing one is at or after it. */
  anyShift(dice: Dice): bigint
  newShop(): number
  readonly lastUuid: string
  /** Shifts that wait to be mended, the newest last; some never are. */
  readonly bad: string[]
}

/** The key ranges that a lane starts from. */
export interface KeyRanges {
  readonly firstShift: bigint
  readonly lastShift: bigint
  readonly lastShop: number
  /** At least lastShop: pop-up shops come after it, and go. */
  readonly lastPopUp: number
}

export function openLane(number: LaneNumber, keys: KeyRanges): Lane {
  const parity = BigInt(number)
  let nextShift = keys.lastShift + 1n
  if (nextShift % 2n !== parity) nextShift += 1n
  let nextShop = Math.max(keys.lastShop, keys.lastPopUp) + 1
  if (nextShop % 2 !== number) nextShop += 1
  return {
    number,
    lastShop: keys.lastShop,
    newShifts: (count) => {
      const first = nextShift
      nextShift += 2n * BigInt(count)
      return first
    },
    anyShift: (dice) => keys.firstShift + dice.rollBig(nextShift - keys.firstShift),
    newShop: () => {
      nextShop += 2
      return nextShop - 2
    },
    lastUuid: number === 0 ? '7fffffff-ffff-ffff-ffff-ffffffffffff' : 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    bad: [],
  }
}
