import * as z from 'zod'

const amount = z.number().min(0)

/** What one source table brought in a period: totals, as they were metered or as a model says. Bytes are bytes. */
export const tableVolume = z.object({
  changes: amount,
  /** Of the stream's records with their partition keys, and as the stream bills them: whole KiB each. */
  recordBytes: amount,
  streamBytes: amount,
  pages: amount,
  /** Items of the raw table: a page, or a page and its parts. */
  items: amount,
  itemBytes: amount,
  /** Write units of the items, each rounded up. */
  itemUnits: amount,
  blocks: amount,
  blockBytes: amount,
  /** Its part, by bytes, of what the records that hold its blocks are billed as: whole 5 KiB each. */
  firehoseBytes: amount,
  /** Its part, by bytes, of the compressed objects. */
  objectBytes: amount,
  historyBytes: amount,
  /** Changes that wait in quarantine, and their write units. */
  refused: amount,
  refusedUnits: amount,
  /** Compactions, and bytes of base that they wrote. */
  compactions: amount,
  rewrittenBytes: amount,
  /** Of the lake as it stands, not of the period. */
  baseRows: amount,
  baseBytes: amount,
})
export type TableVolume = z.infer<typeof tableVolume>

export interface Volume {
  readonly seconds: number
  /** By source table. */
  readonly tables: Readonly<Record<string, TableVolume>>
}

export const noVolume: TableVolume = {
  changes: 0,
  recordBytes: 0,
  streamBytes: 0,
  pages: 0,
  items: 0,
  itemBytes: 0,
  itemUnits: 0,
  blocks: 0,
  blockBytes: 0,
  firehoseBytes: 0,
  objectBytes: 0,
  historyBytes: 0,
  refused: 0,
  refusedUnits: 0,
  compactions: 0,
  rewrittenBytes: 0,
  baseRows: 0,
  baseBytes: 0,
}

/** Times `factor`: everything but what stands in the lake already, and how much one compaction rewrites. */
export function scaled(volume: TableVolume, factor: number): TableVolume {
  const { baseRows, baseBytes, compactions, rewrittenBytes, ...flows } = volume
  const grown = Object.fromEntries(Object.entries(flows).map(([name, value]) => [name, value * factor]))
  /* Every flow of a whole volume makes a whole volume. */
  return { ...(grown as typeof flows), baseRows, baseBytes, compactions, rewrittenBytes }
}

/** What the period would be over a month of `seconds`, at its rate. */
export function overPeriod({ seconds, tables }: Volume, period: number): Volume {
  const factor = seconds > 0 ? period / seconds : 0
  const grown = Object.entries(tables).map(([name, table]) => [name, scaled(table, factor)])
  return { seconds: period, tables: Object.fromEntries(grown) }
}

/** The sum over all tables. */
export function totalOf({ tables }: Volume): TableVolume {
  const total = { ...noVolume }
  for (const table of Object.values(tables)) for (const name of fields) total[name] += table[name]
  return total
}

const fields = tableVolume.keyof().options
