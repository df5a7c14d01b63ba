/*
 * What AWS counts, and how it rounds. Sources: the pricing pages that `list-prices.ts` names, and the API reference of each
 * service. A size of nothing is counted as one unit, for a request is never free.
 */

/** AWS bills data by the 1,073,741,824 bytes, and calls it GB. */
export const GB = 2 ** 30
/** Hours of a month, as AWS's own calculator counts them. */
export const MONTH_HOURS = 730
export const MONTH_SECONDS = MONTH_HOURS * 3_600

const KIB = 1_024
/** What Kinesis, DynamoDB and Firehose round up to, in bytes. */
export const STREAM_STEP = KIB
const WRITE_STEP = KIB
export const FIREHOSE_STEP = 5 * KIB
/** Of a DynamoDB item, beyond names and values: what its storage is billed with. */
const ITEM_OVERHEAD = 100

function upTo(bytes: number, step: number): number {
  return Math.max(Math.ceil(bytes / step), 1) * step
}

/** Bytes that a record is billed as when it goes into an on-demand stream: whole KiB, for each record by itself. */
export function streamBytes(recordBytes: number): number {
  return upTo(recordBytes, STREAM_STEP)
}

/** Write units of putting an item of so many bytes, names and values: one for each KiB begun. */
export function writeUnits(itemBytes: number): number {
  return upTo(itemBytes, WRITE_STEP) / WRITE_STEP
}

/** Write units of an item that has so many bytes in the mean of many that differ: half a KiB of each is paid for nothing. */
export function meanUnits(itemBytes: number): number {
  return Math.max(1, itemBytes / WRITE_STEP + 0.5)
}

/** Bytes that are billed as storage of an item. */
export function storedItemBytes(itemBytes: number): number {
  return itemBytes + ITEM_OVERHEAD
}

/** Bytes that a record is billed as when it is put into Firehose: whole 5 KiB, for each record by itself. */
export function firehoseBytes(recordBytes: number): number {
  return upTo(recordBytes, FIREHOSE_STEP)
}

/** GB-seconds of calls that take so many milliseconds altogether; each is billed by the millisecond begun. */
export function gbSeconds(memoryMib: number, calls: number, callMs: number): number {
  return (memoryMib / 1_024) * ((calls * Math.ceil(callMs)) / 1_000)
}
