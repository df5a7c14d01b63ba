import type { LoadFileRecord, ManifestDay, ManifestFile } from '../ledger/ledger.ts'
import type { RecordedPage, RecordedRedrive } from '../ledger/recorded-page.ts'
import type { PageHeader } from '../page.ts'
import type { PositionRange } from '../ports/ports.ts'

/**
 * What a ledger of items knows. Order: pages by key. Durability, duplicates: as `Ledger` wrote them. Concurrency: beside any
 * number of writers; a reader may see a page before its last item, never an item that nobody wrote.
 */
export interface LedgerRecords {
  /** Pages of a source table that begin in a range. */
  pages(table: string, range: PositionRange): AsyncIterable<RecordedPage>
  /** One page as it is now; undefined when nothing is known of it. */
  page(key: string): Promise<RecordedPage | undefined>
  redrives(contract: string): AsyncIterable<RecordedRedrive>
  /** Ids of blocks in objects that were set aside, with the object. */
  aside(): Promise<ReadonlyMap<string, string>>
  /** Keys of the pages that an object which was set aside has blocks of; undefined for one that was not. */
  pagesAside(object: string): Promise<readonly string[] | undefined>
  /** Landed and set-aside objects of the folder that an object lies in. */
  settled(object: string): Promise<ReadonlySet<string>>
  loadFiles(): AsyncIterable<LoadFileRecord>
  days(): Promise<readonly ManifestDay[]>
  files(day: ManifestDay): Promise<readonly ManifestFile[]>
}

/** Pages that the raw store has, without their content. */
export interface HeldPages {
  /** Pages of a source table that begin in a range, by key. */
  heads(table: string, range: PositionRange): AsyncIterable<PageHeader>
}

/** An object as a listing tells of it. */
export interface ListedObject {
  readonly key: string
  readonly bytes: number
  /** Epoch milliseconds. */
  readonly modifiedAt: number
}

export interface ListedObjects {
  /** Objects whose key begins with a prefix, by key. */
  objects(prefix: string): AsyncIterable<ListedObject>
}

/** A contract (`name vN`) and the source table that it reads. */
export interface Reader {
  readonly contract: string
  readonly source: string
}

export interface AuditDeps {
  readonly raw: HeldPages
  readonly records: LedgerRecords
  readonly objects: ListedObjects
  readonly readers: readonly Reader[]
  /** Source tables that have pages and that no contract reads, where they are known. */
  readonly unread?: readonly string[]
}

export interface AuditTime {
  /** Epoch milliseconds. */
  readonly now: number
  /** What was captured, formatted or delivered longer ago and has not arrived is missing; before, it is in flight. */
  readonly overdueMs: number
}

/** Which pages are looked at, by source table: those that begin in the range. */
export type RangeOf = (source: string) => PositionRange
