import { busyWindows, cadenceOf, pagesOf } from './cadence.ts'
import { modelledItems } from './raw-item.ts'
import type { Setup } from './setup.ts'
import { FIREHOSE_STEP, MONTH_SECONDS, streamBytes, writeUnits } from './units.ts'
import { noVolume, scaled, type TableVolume, totalOf, type Volume } from './volume.ts'

/** What DMS puts around a row in a record of the stream, with everything included, and its partition key. */
const ENVELOPE_BYTES = 450
/** What a page puts around a row: operation, position, time of commit. */
const LINE_BYTES = 110
/*
 * Of the sample's six tables: blocks leave out names, objects are gzip of blocks, history is Parquet, pages deflate to a
 * quarter or less when they hold many changes (2.7 to 8 times), to half when they hold one.
 */
const BLOCK_SHARE = 0.7
/* Of a block: names of the columns, and what it is of. */
const BLOCK_HEAD_BYTES = 700
const OBJECT_SHARE = 1 / 3
const HISTORY_SHARE = 0.4
const PAGE_RATIO = 4
/* Tables hold a row for each ten changes of a month, and a compaction rewrites a tenth of a base. */
const ROWS_OF_CHANGES = 0.1
const REWRITTEN_SHARE = 0.1
/* As `cost/raw-item.ts` counts it. */
const ITEM_HEAD_BYTES = 337
/* Of what Firehose takes as one record. */
const RECORD_BYTES = 1_024_000

export interface Design {
  readonly changesPerMonth: number
  /** Of a row as JSON. */
  readonly rowBytes: number
  /** Tables, each with the same share of the changes. */
  readonly tables: number
}

/** A month of rows that nobody metered: estimates but for the number of changes and how AWS rounds. */
export function designedMonth({ changesPerMonth, rowBytes, tables }: Design, setup: Setup): Volume {
  const changes = changesPerMonth / tables
  const recordBytes = ENVELOPE_BYTES + rowBytes
  const blockBytes = changes * rowBytes * BLOCK_SHARE
  const baseRows = changes * ROWS_OF_CHANGES
  const baseBytes = baseRows * rowBytes * HISTORY_SHARE
  const table: TableVolume = {
    ...noVolume,
    changes,
    blockBytes,
    baseRows,
    baseBytes,
    recordBytes: changes * recordBytes,
    streamBytes: changes * streamBytes(recordBytes),
    objectBytes: blockBytes * OBJECT_SHARE,
    historyBytes: changes * rowBytes * HISTORY_SHARE,
    compactions: 1,
    rewrittenBytes: baseBytes * REWRITTEN_SHARE,
  }
  const seconds = MONTH_SECONDS
  const pages = pagesOf(table, seconds, setup)
  const text = rowBytes + LINE_BYTES
  const ratio = changes > 0 ? PAGE_RATIO * (1 - 0.5 * Math.sqrt(pages / changes)) : 1
  const whole = {
    ...table,
    pages,
    items: pages,
    itemBytes: pages * ITEM_HEAD_BYTES + (changes * text) / ratio,
    blocks: pages,
    blockBytes: blockBytes + pages * BLOCK_HEAD_BYTES,
  }
  const names = Array.from({ length: tables }, (_, index) => `table ${index + 1}`)
  return recut({ seconds, tables: Object.fromEntries(names.map((name) => [name, whole])) }, setup)
}

/** The same mix of tables and rows, with so many changes altogether. */
export function withChanges(month: Volume, changes: number): Volume {
  const known = totalOf(month).changes
  if (known === 0 || known === changes) return month
  const tables = Object.entries(month.tables).map(([name, table]) => [name, scaled(table, changes / known)])
  return { ...month, tables: Object.fromEntries(tables) }
}

/**
 * The same changes in pages as the windows of a setup cut them, and in records as its calls of format pack them. What a
 * change takes in a page stays as it is: larger pages deflate better, which is left out.
 */
export function recut(month: Volume, setup: Setup): Volume {
  const cut = Object.entries(month.tables).map(([name, table]): [string, TableVolume] => [
    name,
    inPages(table, pagesOf(table, month.seconds, setup)),
  ])
  const repaged = { ...month, tables: Object.fromEntries(cut) }
  return {
    ...month,
    tables: Object.fromEntries(cut.map(([name, table]) => [name, inRecords(table, repaged, setup)])),
  }
}

/** The same changes as items of their own: what pages save. */
export function itemised(month: Volume): Volume {
  const tables = Object.entries(month.tables).map(([name, table]) => {
    const { changes, recordBytes } = table
    const bytes =
      changes > 0 ? ITEM_HEAD_BYTES + Math.max(recordBytes / changes - ENVELOPE_BYTES + LINE_BYTES, 0) : 0
    const units = changes > 0 ? changes * writeUnits(bytes) : 0
    return [
      name,
      {
        ...table,
        pages: changes,
        items: changes,
        itemBytes: changes * bytes,
        itemUnits: units,
        blocks: changes,
      },
    ]
  })
  return { ...month, tables: Object.fromEntries(tables) }
}

function inPages(table: TableVolume, pages: number): TableVolume {
  if (table.pages === 0 || pages === 0) return table
  const content = Math.max(table.itemBytes - table.items * ITEM_HEAD_BYTES, 0)
  const { items, bytes, units } = modelledItems(content / pages)
  const blocks = (table.blocks / table.pages) * pages
  return { ...table, pages, blocks, items: items * pages, itemBytes: bytes * pages, itemUnits: units * pages }
}

/* A record ends anywhere in its last 5 KiB: half of them are paid for nothing. */
function inRecords(table: TableVolume, month: Volume, setup: Setup): TableVolume {
  const total = totalOf(month)
  if (total.blockBytes === 0) return table
  const calls = cadenceOf(month, setup).formatCalls
  const records = Math.max(busyWindows(calls, total.blocks), total.blockBytes / RECORD_BYTES)
  const billed = Math.max(total.blockBytes + (records * FIREHOSE_STEP) / 2, records * FIREHOSE_STEP)
  return { ...table, firehoseBytes: (billed * table.blockBytes) / total.blockBytes }
}
