import type { Block } from '../../core/block.ts'
import { packBlocks } from '../../core/pack-blocks.ts'

/** The content of one Firehose record: a block or several, each with its header. */
export type RecordData = Buffer

/** Limits of PutRecordBatch (API reference): 1,000 KiB a record, 500 records and 4 MiB a call. */
export const recordBytes = 1_024_000
const CALL_RECORDS = 500
const CALL_BYTES = 4 << 20

/**
 * Fills records with whole blocks, in their order. Firehose bills every record as a multiple of 5 KB, so small blocks
 * share one; the landing tells them apart by their headers. Throws RangeError for a block beyond a record.
 */
export function* packRecords(blocks: Iterable<Block>): Generator<RecordData> {
  for (const held of packBlocks(blocks, recordBytes)) yield Buffer.concat(held.map(({ text }) => text))
}

/** Fills calls with records; one call is in memory at a time. */
export function* packCalls(records: Iterable<RecordData>): Generator<readonly RecordData[]> {
  let held: RecordData[] = []
  let bytes = 0
  for (const record of records) {
    if (held.length === CALL_RECORDS || (held.length > 0 && bytes + record.length > CALL_BYTES)) {
      yield held
      held = []
      bytes = 0
    }
    held.push(record)
    bytes += record.length
  }
  if (held.length > 0) yield held
}
