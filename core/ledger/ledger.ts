import type { Block, BlockLabel } from '../block.ts'
import { printAnyVersion, printTableVersion, type TableVersion } from '../contract/language/table-version.ts'
import type { Position } from '../position.ts'

/** A block by what its header says: the same rows of the same reading have the same name wherever they are seen. */
export interface NamedBlock extends BlockLabel {
  readonly contract: TableVersion
}

/** What one contract made of the changes of a page: changes of the page = those of its blocks + refused + filtered. */
export interface PageShare {
  /** Null when no contract reads the table: everything is refused then. */
  readonly contract: TableVersion | null
  readonly blocks: readonly NamedBlock[]
  readonly refused: number
  /** Of the refused: those that were not waiting in quarantine before. */
  readonly fresh: number
  readonly filtered: number
}

/** What became of one raw page. */
export interface PageRecord {
  readonly page: string
  /** Source table. */
  readonly table: string
  readonly changes: number
  readonly firstPosition: Position
  readonly lastPosition: Position
  readonly shares: readonly PageShare[]
}

/** A Parquet file of history that must be there. */
export interface ManifestFile {
  readonly key: string
  readonly rows: number
  readonly bytes: number
  /** Of its bytes, in hex; unknown of files of before it was kept. */
  readonly sha256?: string | undefined
  /** Positions of its rows; null where nobody said. */
  readonly first: Position | null
  readonly last: Position | null
}

/** The history files of one table version and day. */
export interface ManifestDay {
  readonly table: string
  readonly version: number
  /** Ingest date, YYYY-MM-DD. */
  readonly day: string
}

/** Files that come to a day, and keys that leave it. */
export interface ManifestChange extends ManifestDay {
  readonly added: readonly ManifestFile[]
  readonly removed: readonly string[]
}

/** One landed object: the blocks in it and the history files they are in. */
export interface LandedObject {
  readonly object: string
  readonly blocks: readonly NamedBlock[]
  readonly files: readonly ManifestChange[]
}

/** One file of a full load. For each contract: rows = landed + refused. */
export interface LoadFileRecord {
  readonly load: string
  /** Key of the file in the landing prefix; recorded again, the newer record counts. */
  readonly key: string
  /** Source table. */
  readonly table: string
  readonly rows: number
  /** Rows by contract, `name vN`. */
  readonly landed: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  readonly files: readonly ManifestChange[]
}

/** Pages that a completed replay read whole with one contract: what was lost of them is in the lake again. */
export interface ReplayedPages {
  readonly contract: TableVersion
  /** Every contract that reads the source table. */
  readonly contracts: readonly TableVersion[]
  /** Keys; those that balance need not be among them. */
  readonly pages: readonly string[]
  /** Positions that it read; null where it was not bounded. */
  readonly from: Position | null
  readonly to: Position | null
}

/** Records that capture kept in no page because they are no changes: control records by source table, and bookkeeping. */
export interface FilteredRecords {
  readonly control: Readonly<Record<string, number>>
  readonly bookkeeping: number
}

/** What the ledger writes down. */
export type LedgerLine =
  | { readonly kind: 'delivered'; readonly object: string; readonly blocks: readonly NamedBlock[] }
  | { readonly kind: 'formatted'; readonly pages: readonly PageRecord[] }
  | { readonly kind: 'redriven'; readonly blocks: readonly NamedBlock[] }
  | ({ readonly kind: 'landed' } & LandedObject)
  | { readonly kind: 'aside'; readonly object: string }
  | ({ readonly kind: 'files' } & ManifestChange)
  | ({ readonly kind: 'load' } & LoadFileRecord)
  | ({ readonly kind: 'replayed' } & ReplayedPages)
  | ({ readonly kind: 'filtered' } & FilteredRecords)

/** Whether one contract reads a page and made one block of all its changes: then the block can tell all that a record would. */
export function isOneBlock({ changes, shares }: Pick<PageRecord, 'changes' | 'shares'>): boolean {
  const [share, ...others] = shares
  const [block, ...more] = share?.blocks ?? []
  return block?.changes === changes && more.length === 0 && others.length === 0
}

/** What a contract made of a page, as the block says that is the page's record (`isRecord`). */
export function shareOfRecord(block: NamedBlock): PageShare {
  return { contract: block.contract, blocks: [block], refused: 0, fresh: 0, filtered: 0 }
}

/** The name of a block; undefined for one of before the ledger. */
export function nameOfBlock({ table, version, label }: Pick<Block, 'table' | 'version' | 'label'>) {
  return label === undefined ? undefined : { contract: { name: table, version }, ...label }
}

/** Text that only the same rows of the same reading have. */
export function blockId({
  origin,
  page,
  contract,
  ordinal,
  digest,
}: Pick<NamedBlock, 'origin' | 'page' | 'contract' | 'ordinal' | 'digest'>): string {
  return `${origin}|${page}|${printTableVersion(contract)}|${ordinal}|${digest}`
}

/** The page that a block of such an id is made of; undefined for one of another origin. */
export function pageOfBlock(id: string): string | undefined {
  return /^page\|(.*)\|[^|]*\|[^|]*\|[^|]*$/s.exec(id)?.[1]
}

/** Under which name the sums of a contract are kept; those of no contract are kept by source table. */
export function totalsKey(contract: TableVersion | null, table: string): string {
  return printAnyVersion(contract) ?? `- ${table}`
}

/** Whether a contract's share accounts for every change of its page. */
export function addsUp(changes: number, { blocks, refused, filtered }: PageShare): boolean {
  return blocks.reduce((sum, block) => sum + block.changes, refused + filtered) === changes
}
