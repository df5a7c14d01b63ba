import type { Basis } from '../../../cost/basis.ts'
import type { Bill, BillLine } from '../../../cost/bill.ts'
import type { Lever } from '../../../cost/levers.ts'
import { ageInDays, type PriceId, type PriceSheet, STALE_DAYS } from '../../../cost/price-sheet.ts'
import type { Setup } from '../../../cost/setup.ts'

/** What `tidemark cost --json` prints. Dollars are US dollars a month, units of a month. */
export interface CostAnswer {
  readonly basis: Basis
  readonly region: string
  readonly prices: { readonly date: string; readonly ageDays: number; readonly isOld: boolean }
  readonly bill: Bill
  readonly levers: readonly Lever[]
  /** Prices in the bill that no source shows, and the part of its dollars that they make. */
  readonly unverified: { readonly ids: readonly PriceId[]; readonly share: number }
  readonly setup: Setup
  readonly sheet: PriceSheet['prices']
}

export function costAnswer(
  parts: {
    readonly basis: Basis
    readonly bill: Bill
    readonly levers: readonly Lever[]
    readonly setup: Setup
  },
  sheet: PriceSheet,
  now: number,
): CostAnswer {
  const { basis, bill, levers, setup } = parts
  const ageDays = ageInDays(sheet, now)
  const guessed = bill.lines.filter(({ id, usd }) => usd > 0 && sheet.prices[id].seen === null)
  const sum = (lines: readonly BillLine[]) => lines.reduce((total, { usd }) => total + usd, 0)
  return {
    basis,
    region: sheet.region,
    bill,
    levers,
    setup,
    sheet: sheet.prices,
    prices: { date: sheet.date, ageDays, isOld: ageDays > STALE_DAYS },
    unverified: {
      ids: [...new Set(guessed.map(({ id }) => id))],
      share: sum(guessed) / Math.max(sum(bill.lines), 1e-12),
    },
  }
}
