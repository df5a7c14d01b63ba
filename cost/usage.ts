import type { PriceId } from './price-sheet.ts'

/** Parts of the pipeline that a bill is split by, in the order of the way of a change. */
export const stages = [
  'source',
  'stream',
  'capture',
  'format',
  'land',
  'storage',
  'compact',
  'prove',
  'audit',
  'query',
  'watch',
  'keys',
] as const
export type Stage = (typeof stages)[number]

/** Units of one price that one stage uses in a month. */
export interface Usage {
  readonly stage: Stage
  readonly id: PriceId
  readonly units: number
  /** Source table; null where nothing says which. */
  readonly table: string | null
  /** Whether it is there without any change: by the hour, by the schedule, by what the lake holds. */
  readonly isFixed: boolean
}

/** Parts of units that tables share, by weights; without any weight they are nobody's. */
export function shared(
  usage: Omit<Usage, 'table'>,
  weights: Readonly<Record<string, number>>,
): readonly Usage[] {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  if (total === 0) return [{ ...usage, table: null }]
  return Object.entries(weights).map(([table, weight]) => ({
    ...usage,
    table,
    units: (usage.units * weight) / total,
  }))
}
