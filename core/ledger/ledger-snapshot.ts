import type { Position } from '../position.ts'
import type { LoadFileRecord, NamedBlock, PageRecord } from './ledger.ts'
import type { PlaceRanges } from './place-set.ts'

/** Sums over the pages of one contract (or of what no contract reads) that balance. */
export interface ContractTotals {
  readonly captured: number
  readonly landed: number
  readonly refused: number
  readonly fresh: number
  readonly filtered: number
  /** Changes of redriven blocks that landed; they were refused before. */
  readonly redriven: number
}

/** Sums over the balanced pages of one source table. */
export interface SourceTotals {
  readonly captured: number
  /** Last position of the pages that balance without a gap from the begin of the ledger; null before the first. */
  readonly through: Position | null
}

/** A page that does not balance yet, and where it is in the feed. */
export interface OpenPage extends PageRecord {
  readonly place: number
}

/** Blocks that lie in one landing object, until they are landed. */
export interface OpenObject {
  readonly blocks: readonly NamedBlock[]
  /** It could not be read and quarantine has it. */
  readonly isAside: boolean
}

/** Everything a ledger knows, as JSON. */
export interface BookSnapshot {
  readonly since: number
  readonly folded: PlaceRanges
  /** By `totalsKey`. */
  readonly contracts: readonly (readonly [string, ContractTotals])[]
  readonly sources: readonly (readonly [string, SourceTotals])[]
  readonly pages: readonly OpenPage[]
  readonly landed: readonly (readonly [string, readonly string[]])[]
  readonly objects: readonly (readonly [string, OpenObject])[]
  readonly redrives: readonly NamedBlock[]
  /** Ids of redriven blocks that landed before their redrive was written down. */
  readonly strays: readonly string[]
  readonly loads: readonly LoadFileRecord[]
  readonly control: Readonly<Record<string, number>>
  readonly bookkeeping: number
}
