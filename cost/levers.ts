import { billOf } from './bill.ts'
import type { PriceSheet } from './price-sheet.ts'
import type { Setup } from './setup.ts'
import type { Volume } from './volume.ts'
import { itemised, recut } from './what-if.ts'

/** One setting, turned. */
export interface Lever {
  readonly name: string
  readonly from: string
  readonly to: string
  /** Dollars a month that it changes, fixed and by changes together; below zero it saves. */
  readonly difference: number
}

interface Turn {
  readonly name: string
  readonly unit: string
  readonly of: (setup: Setup) => string | number
  readonly turned: Partial<Setup>
}

const turns: readonly Turn[] = [
  {
    name: 'window of capture',
    unit: ' s',
    of: (setup) => setup.captureWindowSeconds,
    turned: { captureWindowSeconds: 120 },
  },
  {
    name: 'capture, Firehose gather',
    unit: '',
    of: ({ captureWindowSeconds: pages, bufferSeconds: objects }) => `${pages} s, ${objects} s`,
    turned: { captureWindowSeconds: 10, bufferSeconds: 60 },
  },
  {
    name: 'pages formatted late',
    unit: '',
    of: ({ latePages }) => `${Math.round(latePages * 100)} %`,
    turned: { latePages: 1 },
  },
  {
    name: 'window of format',
    unit: ' s',
    of: (setup) => setup.formatWindowSeconds,
    turned: { formatWindowSeconds: 5 },
  },
  {
    name: 'buffer of Firehose',
    unit: ' s',
    of: (setup) => setup.bufferSeconds,
    turned: { bufferSeconds: 300 },
  },
  { name: 'raw pages kept', unit: ' days', of: (setup) => setup.rawDays, turned: { rawDays: 7 } },
  { name: 'stream kept', unit: ' h', of: (setup) => setup.retentionHours, turned: { retentionHours: 24 } },
  {
    name: 'compactions of a table',
    unit: ' a day',
    of: (setup) => setup.compactionsPerDay,
    turned: { compactionsPerDay: 4 },
  },
  { name: 'audits', unit: ' a day', of: (setup) => setup.auditsPerDay, turned: { auditsPerDay: 4 } },
  { name: 'zones of the source', unit: '', of: (setup) => setup.zones, turned: { zones: 1 } },
  { name: 'functions on', unit: '', of: (setup) => setup.architecture, turned: { architecture: 'arm' } },
]

/**
 * What each setting would change by itself, most saving first; those that stand there already are left out. Both sides
 * are pages as the model cuts them. The last one is what pages save: an item for each change.
 */
export function leversOf(month: Volume, setup: Setup, sheet: PriceSheet): readonly Lever[] {
  const cost = (volume: Volume, of: Setup) => {
    const { perMonth, fixedPerMonth } = billOf(volume, of, sheet)
    return perMonth + fixedPerMonth
  }
  const cut = recut(month, setup)
  const known = cost(cut, setup)
  const levers = turns.flatMap(({ name, unit, of, turned }) => {
    const next = { ...setup, ...turned }
    if (of(next) === of(setup)) return []
    const difference = cost(recut(month, next), next) - known
    return [{ name, from: `${of(setup)}${unit}`, to: `${of(next)}${unit}`, difference }]
  })
  const items = {
    name: 'raw changes',
    from: 'pages',
    to: 'an item each',
    difference: cost(itemised(cut), setup) - known,
  }
  return [...levers.toSorted((left, right) => left.difference - right.difference), items]
}
