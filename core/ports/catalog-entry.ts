import type { LakeColumn } from '../contract/language/lake-columns.ts'
import type { PartitionRule } from '../contract/language/table.ts'
import { isSameVersion, printTableVersion, type TableVersion } from '../contract/language/table-version.ts'
import { PipelineError } from '../failures/failures.ts'
import type { Position } from '../position.ts'

/** A column of a table in the catalog. */
export interface CatalogColumn extends Omit<LakeColumn, 'part'> {
  readonly description: string
}

/** One version of a table in the catalog: where its history lies and how to read it. */
export interface CatalogTable {
  readonly name: string
  readonly version: number
  readonly description: string
  readonly owner: string
  readonly source: string
  readonly primaryKey: readonly string[]
  /** Prefix of the history files; partitions lie below it as `ingest_date=YYYY-MM-DD`. */
  readonly location: string
  /** Prefix of the base files. */
  readonly baseLocation: string
  /** How base is laid out, in the order of its folders. */
  readonly basePartitions: readonly BasePartition[]
  readonly columns: readonly CatalogColumn[]
}

/** A partition column of base and the lake column that it is made of. */
export interface BasePartition {
  readonly name: string
  /** A lake column that is never null. */
  readonly column: string
  readonly rule: PartitionRule
}

/** From this position on the table is made anew: history below it no longer counts (a completed load, a truncate). */
export interface Floor {
  readonly position: Position
  readonly reason: 'load' | 'truncate'
  /** Of a load whose place among open transactions nobody knows: when it began, ISO 8601 UTC. */
  readonly since?: string | undefined
}

/** One Parquet file of base or history. */
export interface LakeFile {
  readonly key: string
  readonly rows: number
  readonly bytes: number
  /** Of its bytes, in hex; unknown of files of before it was kept. */
  readonly sha256?: string | undefined
}

/** One partition of base: its value of each partition column, and its files, which an earlier build may have written. */
export interface BasePart {
  readonly values: Readonly<Record<string, string>>
  readonly files: readonly LakeFile[]
}

/**
 * The latest row of each key, made of a definite set of history files. Readers merge it with all other history; a
 * folded file that is read again changes nothing, so the lists of files need only be right, not exact, to be fast.
 */
export interface Base {
  /** Raised by each compaction. */
  readonly build: number
  /** The highest position folded in. */
  readonly position: Position
  /** Ingest days before this one are folded whole; landing puts no file there any more. */
  readonly openSince: string
  /** History may lack changes at or below this position, for days of it were dropped; null while it has every one. */
  readonly historyFrom: Position | null
  /** Folded history files of the days from `openSince` on: keys. */
  readonly folded: readonly string[]
  readonly parts: readonly BasePart[]
  /** Files of the keys that were deleted: an older row of theirs that arrives late must not come to life. */
  readonly tombstones: readonly LakeFile[]
  /** Live rows of all parts. */
  readonly rows: number
}

export interface CatalogEntry {
  readonly table: CatalogTable
  /** Ingest dates, sorted. */
  readonly partitions: readonly string[]
  /** In position order, without repeats. */
  readonly floors: readonly Floor[]
  /** Completed replays: readers see rows of revision 0 and of these, never those of a replay that still runs. */
  readonly revisions: readonly number[]
  /** Null before the first compaction. */
  readonly base: Base | null
}

/** The entry of a table version. Throws `lake/unreadable` when there is none. */
export function requireEntry(entries: readonly CatalogEntry[], of: TableVersion): CatalogEntry {
  const found = entries.find(({ table }) => isSameVersion(table, of))
  if (found !== undefined) return found
  throw notInCatalog(of)
}

export function notInCatalog(of: TableVersion): PipelineError {
  return new PipelineError('lake/unreadable', `${printTableVersion(of)} is not in the catalog`)
}

/** Whether a load or a truncate since hides the changes of a source table up to a position in every lake table that is made of it. */
export function isBelowFloors(
  entries: readonly CatalogEntry[],
  { table: source, lastPosition }: { readonly table: string; readonly lastPosition: Position },
): boolean {
  const readers = entries.filter(({ table }) => table.source === source)
  return readers.length > 0 && readers.every(({ floors }) => (floors.at(-1)?.position ?? '') > lastPosition)
}

/** Whether history has every change that counts: none was dropped since the last floor, so that base can be made of it again. */
export function reachesBack({ base, floors }: Pick<CatalogEntry, 'base' | 'floors'>): boolean {
  const since = base?.historyFrom ?? null
  return since === null || (floors.at(-1)?.position ?? '') > since
}
