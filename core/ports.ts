import type { Block, BlockHeader } from './block.ts'
import type { MaskKey } from './contract/pii.ts'
import type { FailureCode } from './failures.ts'
import type { Page } from './page.ts'
import type { Position } from './position.ts'

/**
 * Every change as it arrived.
 * Durability: a page is on stable storage when `put` resolves; a put that throws may have kept some pages.
 * Duplicates: putting a page whose key is there already changes nothing and feeds nothing to format.
 * Order: `list` gives the pages of one table in position order; pages may overlap.
 * Concurrency: any number of writers on AWS; one writing process for each folder locally.
 * Limits: pages as `core/page.ts` bounds them; pages of one `put` 64 MiB together.
 */
export interface RawStore {
  put(pages: readonly Page[]): Promise<void>
  list(table: string, range?: PositionRange): AsyncIterable<Page>
}

/** Positions from `from` to `to`, both included; a missing end is open. */
export interface PositionRange {
  readonly from?: Position
  readonly to?: Position
}

/**
 * The way from format to the landing prefix (Firehose on AWS).
 * Durability: blocks will be landed once `put` resolves, whatever stops afterwards.
 * Duplicates: a block may be landed more than once. Order: none between blocks.
 * Concurrency: calls may overlap. Limits: one block at most `maxBlockBytes` (1,024,000 on Firehose:
 * API reference, PutRecordBatch).
 */
export interface Delivery {
  readonly maxBlockBytes: number
  put(blocks: readonly Block[]): Promise<void>
}

/** One reason why a change was refused; never holds the value. */
export interface Reason {
  readonly code: FailureCode
  /** Column, and element of a list: `skills[2]`. Empty when the whole change is meant. */
  readonly path: string
  readonly message: string
}

/** A refused change, whole. */
export interface QuarantineEntry {
  /** Unique: the same refusal of the same change has the same id. */
  readonly id: string
  readonly stage: 'capture' | 'format' | 'landing'
  /** Source table, or null when the payload did not say. */
  readonly table: string | null
  /** Contract that refused it, `name vN`, or null. */
  readonly contract: string | null
  readonly position: Position | null
  readonly reasons: readonly Reason[]
  /** The change as JSON text, or the record's bytes in base64. */
  readonly payload: string
  readonly encoding: 'json' | 'base64'
}

/** An entry as it waits. */
export interface WaitingEntry extends QuarantineEntry {
  /** When it was first refused, ISO 8601 UTC. */
  readonly since: string
}

/** How an entry leaves: its change is in the lake now, or its time is over. */
export type Departure = 'redriven' | 'expired'

/**
 * Where refused changes wait until they are redriven.
 * Durability: stored when `put` resolves, gone when `release` does. Duplicates: an entry whose id waits already is left
 * as it is; one that had left and is refused again waits again. Order: `list` gives them as they came.
 * Concurrency: as `RawStore`. Limits: payloads as `core/page.ts` bounds changes.
 * Privacy: payloads are clear; the adapter encrypts or protects them, and `purge` makes those that left unreadable.
 */
export interface Quarantine {
  put(entries: readonly QuarantineEntry[]): Promise<void>
  list(filter?: { readonly table?: string }): AsyncIterable<WaitingEntry>
  /** Ids that do not wait are passed over. */
  release(ids: readonly string[], how: Departure): Promise<void>
  /** Removes the payloads of entries that left. */
  purge(): Promise<void>
}

/**
 * Objects by key, as S3 has them.
 * Durability: whole and durable when `put` resolves; readers see the old object or the new one, never a part.
 * Duplicates: the last put of a key wins. Order: `list` by key, byte order. Concurrency: any.
 * Limits: keys of at most 1,024 bytes made of [A-Za-z0-9_.=-] and slashes; a local object fits in memory.
 */
export interface ObjectStore {
  put(key: string, content: Uint8Array | readonly Uint8Array[]): Promise<void>
  get(key: string): Promise<Buffer>
  list(prefix: string): Promise<readonly string[]>
  delete(key: string): Promise<void>
}

/** What a finished history file is. */
export interface FinishedHistoryFile {
  readonly rows: number
  readonly bytes: number
  /** The file, in order. */
  readonly parts: readonly Uint8Array[]
  /** Commit times of its rows, epoch milliseconds, rows of loads left out. */
  readonly commits: readonly number[]
  /** Positions of the truncates in it. */
  readonly truncates: readonly Position[]
}

/**
 * A history file of one table version that is being made of blocks. A faster encoder must give the same values.
 * `add` takes whole NDJSON rows under their header and throws SyntaxError or RangeError on anything else.
 * Memory: the compressed file and one row group.
 */
export interface HistoryFile {
  add(header: BlockHeader, rows: Buffer): void
  finish(): FinishedHistoryFile
}

/** Begins a history file; undefined for a table version that nobody knows. */
export type HistoryFiles = (table: string, version: number) => HistoryFile | undefined

/** A column of a table in the catalog. */
export interface CatalogColumn {
  readonly name: string
  /** Athena's type. */
  readonly type: string
  /** The type in the words of contracts. */
  readonly contractType: string
  readonly description: string
  /** The contract column behind it, which `_absent` names. */
  readonly contractColumn: string
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
  readonly columns: readonly CatalogColumn[]
}

/** From this position on the table is made anew: history below it no longer counts (a completed load, a truncate). */
export interface Floor {
  readonly position: Position
  readonly reason: 'load' | 'truncate'
}

export interface CatalogEntry {
  readonly table: CatalogTable
  /** Ingest dates, sorted. */
  readonly partitions: readonly string[]
  /** In position order, without repeats. */
  readonly floors: readonly Floor[]
  /** Completed replays: readers see rows of revision 0 and of these, never those of a replay that still runs. */
  readonly revisions: readonly number[]
}

/**
 * What readers of the lake see: tables, partitions, floors.
 * Durability: an entry is durable when its call resolves. Duplicates: registering again what is there changes nothing.
 * Order: any. Concurrency: calls may overlap; a reader sees each call whole or not at all.
 * Limits: an entry fits in memory; partitions are days.
 */
export interface Catalog {
  registerTables(tables: readonly CatalogTable[]): Promise<void>
  /** Throws `lake/unreadable` for a table that is not registered. */
  registerPartition(table: string, version: number, ingestDate: string): Promise<void>
  /** Adds a floor to every version of a table that reads the source table. */
  addFloor(sourceTable: string, floor: Floor): Promise<void>
  /** Shows the rows of a replay, all at once. Throws `lake/unreadable` for a table that is not registered. */
  publishRevision(table: string, version: number, revision: number): Promise<void>
  entries(): Promise<readonly CatalogEntry[]>
}

/** The key of hashed and tokenised columns. The same key for the life of the lake: another one makes other hashes and tokens. */
export interface MaskKeys {
  current(): Promise<MaskKey>
}

/** A log line: an event name and counts, codes, table names. Never row values. */
export interface Logger {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
  warn(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
}

/** Milliseconds since the epoch. */
export type Clock = () => number
