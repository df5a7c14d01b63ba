import type { Block, BlockHeader } from '../block.ts'
import type { TableVersion } from '../contract/language/table-version.ts'
import type { MaskKey } from '../contract/masking/pii.ts'
import type { FailureCode } from '../failures/failures.ts'
import type { JsonValue } from '../json.ts'
import type {
  LandedObject,
  LoadFileRecord,
  ManifestChange,
  NamedBlock,
  PageRecord,
  ReplayedPages,
} from '../ledger/ledger.ts'
import type { Page, PageHeader } from '../page.ts'
import type { Position } from '../position.ts'
import type { Base, CatalogEntry, CatalogTable, Floor, LakeFile } from './catalog-entry.ts'

/**
 * Every change as it arrived.
 * Durability: a page is on stable storage when `put` resolves; a put that throws may have kept some pages.
 * Duplicates: putting a page whose key is there already changes nothing and feeds nothing to format.
 * Order: `list` gives the pages of one table in position order; pages may overlap.
 * Concurrency: any number of writers on AWS; one writing process for each folder locally.
 * Limits: pages as `core/page.ts` bounds them; pages of one `put` as large as one batch of a stream.
 */
export interface RawStore {
  put(pages: readonly Page[]): Promise<void>
  list(table: string, range?: PositionRange): AsyncIterable<Page>
  /** As `list`, of the pages behind the one of a key (null: all), in the order of their keys: every one there was at the call. */
  behind(table: string, key: string | null, range?: PositionRange): AsyncGenerator<Page>
  /** Pages that begin in a range, without their content, in the order of their keys; it may be a moment behind. */
  heads(table: string, range?: PositionRange): AsyncGenerator<PageHeader>
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
  /** Contract that refused it, or null. */
  readonly contract: TableVersion | null
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
  /** Throws `objects/missing`. */
  get(key: string): Promise<Buffer>
  list(prefix: string): Promise<readonly string[]>
  delete(key: string): Promise<void>
}

/**
 * What became of every captured change: captured = landed + quarantined + filtered + in flight.
 * Durability: written when the call resolves. A stage calls only after its own work is durable and before it lets go of its
 * input, so the ledger never claims more than there is, and a stage that a crash cut off does both again.
 * Duplicates: the same record again changes nothing; a block counts once however often it lands; a newer record of a page
 * that does not balance yet takes the place of the older one. Order: any between the stages.
 * Concurrency: calls may overlap; one writing process. Limits: one call's records fit in memory; pages that balance are
 * kept as sums.
 */
export interface Ledger {
  /** Blocks that are durable in one landing object. */
  delivered(object: string, blocks: readonly NamedBlock[]): Promise<void>
  /** Pages whose blocks delivery has, and whose refusals quarantine has; but for those whose block is their record. */
  formatted(pages: readonly PageRecord[]): Promise<void>
  /** Blocks of redriven changes that delivery has. */
  redriven(blocks: readonly NamedBlock[]): Promise<void>
  /** An object whose rows are queryable. */
  landed(object: LandedObject): Promise<void>
  /** An object that could not be read and is in quarantine. */
  setAside(object: string): Promise<void>
  /** Pages that a completed replay read again. */
  replayed(pages: ReplayedPages): Promise<void>
  recordLoadFile(file: LoadFileRecord): Promise<void>
  /** History files of a day that come and go. Files that go are deleted afterwards. */
  replaceFiles(change: ManifestChange): Promise<void>
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

/**
 * What readers of the lake see: tables, partitions, floors, base.
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
  /**
   * Shows a new base in place of the one of build `before` (null for none), all at once. Throws `lake/conflict` when
   * another build was published since.
   */
  publishBase(table: string, version: number, base: Base, before: number | null): Promise<void>
  /** Takes ingest days away from readers; their files are the caller's to delete afterwards. */
  dropPartitions(table: string, version: number, ingestDates: readonly string[]): Promise<void>
  entries(): Promise<readonly CatalogEntry[]>
}

/** The key of hashed and tokenised columns. The same key for the life of the lake: another one makes other hashes and tokens. */
export interface MaskKeys {
  current(): Promise<MaskKey>
}

/**
 * One SQL engine, DuckDB, on local files. Memory: the limit it was opened with, and its temporary folder on disk.
 * Concurrency: one statement at a time. `rows` holds its whole result, so only counts and lists are asked for.
 * Throws `lake/unreadable` when a statement fails.
 */
export interface SqlEngine {
  run(sql: string): Promise<void>
  rows(sql: string): Promise<readonly (readonly JsonValue[])[]>
}

/** What was written is there, is gone, or has become something else. */
export type FileState = 'whole' | 'missing' | 'altered'

/**
 * Objects as local files, for engines that read and write only those: the objects' own files on one machine, copies on
 * AWS. Durability, duplicates: as `ObjectStore`.
 */
export interface ObjectFiles {
  /** A local file with the object's content; it may be read until `close` of the use. */
  read(key: string): Promise<string>
  /** A path below the object folder's file system where a new file may be written; `publish` or nobody uses it. */
  scratch(name: string): Promise<string>
  /** Makes a scratch file the object of a key, whole and durable. Resolves with its size and digest. */
  publish(path: string, key: string): Promise<Pick<LakeFile, 'bytes' | 'sha256'>>
  /** Whether an object is what was written: of its size, and, asked to read it (`digest`), of its bytes where they are known. */
  verify(file: Pick<LakeFile, 'key' | 'bytes' | 'sha256'>, by: 'size' | 'digest'): Promise<FileState>
}

/** A log line: an event name and counts, codes, table names. Never row values. */
export interface Logger {
  info(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
  warn(event: string, fields?: Readonly<Record<string, string | number | boolean>>): void
}

/** Milliseconds since the epoch. */
export type Clock = () => number
