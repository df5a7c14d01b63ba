import fc from 'fast-check'
import { rawItemsOf } from '../../cost/raw-item.ts'
import { firehoseBytes, MONTH_SECONDS, streamBytes } from '../../cost/units.ts'
import { noVolume, type TableVolume, type Volume } from '../../cost/volume.ts'

interface Shape {
  readonly changes: number
  readonly recordBytes: number
  readonly pageChanges: number
  readonly baseRows: number
  readonly refused: number
}

/** A table as a run would meter it: every number follows from the same changes. */
function tableOf({ changes, recordBytes, pageChanges, baseRows, refused }: Shape): TableVolume {
  const pages = Math.ceil(changes / pageChanges)
  const { items, bytes, units } = rawItemsOf(
    'a.b',
    'k'.repeat(150),
    Math.ceil((pageChanges * recordBytes) / 5),
  )
  const blockBytes = changes * recordBytes * 0.5
  return {
    ...noVolume,
    changes,
    pages,
    blocks: pages,
    blockBytes,
    refused,
    refusedUnits: refused,
    baseRows,
    recordBytes: changes * recordBytes,
    streamBytes: changes * streamBytes(recordBytes),
    items: pages * items,
    itemBytes: pages * bytes,
    itemUnits: pages * units,
    firehoseBytes: pages === 0 ? 0 : pages * firehoseBytes(blockBytes / pages),
    objectBytes: blockBytes / 3,
    historyBytes: blockBytes / 2,
    compactions: 10,
    rewrittenBytes: changes * 20,
    baseBytes: baseRows * 100,
  }
}

const anyTable = fc
  .record({
    changes: fc.integer({ min: 1, max: 1e9 }),
    recordBytes: fc.integer({ min: 300, max: 200_000 }),
    pageChanges: fc.integer({ min: 1, max: 500 }),
    baseRows: fc.nat(1e8),
    refused: fc.nat(1_000),
  })
  .map(tableOf)

/** Months of one to five tables. */
export const anyMonth: fc.Arbitrary<Volume> = fc
  .array(anyTable, { minLength: 1, maxLength: 5 })
  .map((tables) => ({
    seconds: MONTH_SECONDS,
    tables: Object.fromEntries(tables.map((table, index) => [`shop.t${index}`, table])),
  }))
