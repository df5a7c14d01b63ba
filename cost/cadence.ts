import type { Setup } from './setup.ts'
import { GB } from './units.ts'
import { type TableVolume, totalOf, type Volume } from './volume.ts'

const MIB = 2 ** 20
/** A call of Lambda gets 6 MB at most, in which records of Kinesis are base64 (Lambda developer guide). */
const CALL_BYTES = (6 * MIB * 3) / 4
/** Text of a page before it is closed; see `core/page.ts`. */
const PAGE_TEXT_BYTES = MIB

/**
 * In how many of so many windows something happens, when events come at random: almost each event has a window of its own
 * while they are rare, and every window has one when they are many. Grows with the events and is never more than they are.
 */
export function busyWindows(windows: number, events: number): number {
  return windows > 0 ? windows * -Math.expm1(-events / windows) : events
}

/** How often the functions are called in a period, and what they make together, by the windows and buffers of a setup. */
export interface Cadence {
  readonly captureCalls: number
  readonly formatCalls: number
  /** Objects that Firehose writes; each is a notice, a call of land, and a file of history for each table in it. */
  readonly objects: number
}

export function cadenceOf(volume: Volume, setup: Setup): Cadence {
  const { changes, recordBytes, pages, blockBytes } = totalOf(volume)
  const { seconds } = volume
  const captures = busyWindows(setup.shards * windowsIn(seconds, setup.captureWindowSeconds), changes)
  const captureCalls = Math.max(captures, changes / setup.captureBatch, recordBytes / CALL_BYTES)
  const formats = busyWindows(
    setup.feedShards * windowsIn(seconds, setup.formatWindowSeconds),
    burstsOf(pages, captureCalls, setup),
  )
  const formatCalls = Math.max(formats, pages / setup.formatBatch)
  const objects = busyWindows(windowsIn(seconds, setup.bufferSeconds), formatCalls)
  return {
    captureCalls,
    formatCalls,
    objects: Math.max(objects, blockBytes / (setup.bufferMib * MIB)),
  }
}

/* The pages of a call of capture come at once: to each shard of the feed that one of them falls into. */
function burstsOf(pages: number, captureCalls: number, { feedShards }: Setup): number {
  return captureCalls > 0 ? captureCalls * busyWindows(feedShards, pages / captureCalls) : 0
}

/**
 * Pages that a window of capture would make of a table: one for each shard and window that has a change of it. Commits
 * come at random, each with `commitRows` changes of the table, which their keys spread over the shards.
 */
export function pagesOf(
  { changes, recordBytes }: Pick<TableVolume, 'changes' | 'recordBytes'>,
  seconds: number,
  { shards, commitRows, captureWindowSeconds }: Setup,
): number {
  const isMet = 1 - (1 - 1 / shards) ** commitRows
  const windows = windowsIn(seconds, captureWindowSeconds)
  const busy = shards * busyWindows(windows, (changes / commitRows) * isMet)
  return Math.max(busy, recordBytes / PAGE_TEXT_BYTES)
}

/** History files of a table: one for each object that has a block of it. */
export function filesOf({ blocks }: Pick<TableVolume, 'blocks'>, objects: number): number {
  return busyWindows(objects, blocks)
}

/* A window of no time is a poll a second (Lambda developer guide, Kinesis). */
function windowsIn(seconds: number, window: number): number {
  return seconds / Math.max(window, 1)
}

/** GB of bytes. */
export function gb(bytes: number): number {
  return bytes / GB
}
