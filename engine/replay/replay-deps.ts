import type { Table } from '../../core/contract/language/table.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type {
  Catalog,
  Clock,
  Ledger,
  ObjectFiles,
  ObjectStore,
  PositionRange,
  Quarantine,
  RawStore,
} from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { Replay, ReplayFile, ReplayLedger } from '../../core/replay/replay.ts'
import type { FormattedPages } from './format-pages.ts'

/** The load files of a table that are kept, and where their rows rank. */
export interface StoredLoad {
  readonly keys: readonly string[]
  readonly position: Position
}

/** Load files that a replay reads with the pages. */
export interface ReplayLoads {
  /** The newest complete load of a table whose position lies in a range. */
  readonly stored: (table: Table, range: PositionRange) => Promise<StoredLoad | undefined>
  /** Lands one of them for the one contract, at a revision that readers do not see; a dry run only counts. */
  readonly land: (
    file: {
      readonly key: string
      readonly position: Position
      readonly revision: number
      readonly ingestDate: string
    },
    isDryRun: boolean,
  ) => Promise<{
    readonly rows: number
    readonly landed: number
    readonly refused: number
    readonly files: readonly ReplayFile[]
  }>
}

export interface ReplayDeps {
  readonly raw: Pick<RawStore, 'behind'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly objects: Pick<ObjectStore, 'put' | 'list' | 'delete'>
  readonly catalog: Pick<Catalog, 'registerPartition' | 'publishRevision'> & {
    /** Throws `lake/unreadable`. */
    entry(table: string, version: number): Promise<CatalogEntry>
  }
  readonly replays: Pick<ReplayLedger, 'of' | 'replace'>
  readonly manifest: Pick<Ledger, 'replaceFiles'>
  readonly now: Clock
  /** Asked before each file: whether time is up, or somebody stops it. */
  readonly isOver: () => boolean
  /** The largest lake row, with its header: a larger one is refused, as delivery would. */
  readonly maxBlockBytes: number
  /** Local copies of the files that are read back, until they are closed. */
  readonly open: () => Pick<ObjectFiles, 'read'> & { close(): Promise<void> }
  /** `each` file when it is written, where all of them do not fit on the disk; or `all` before they are shown. */
  readonly readBack: 'each' | 'all'
  /** Chooses a revision while nobody else does; undefined when somebody does. */
  readonly alone: <T>(choose: () => Promise<T>) => Promise<T | undefined>
  /** Load files as well; pages only when left out. */
  readonly loads?: ReplayLoads
  /** How many pages there are, for progress, and the key of the last one, which is the last to be read; empty for none. */
  readonly extent?: (
    table: Table,
    range: PositionRange,
  ) => Promise<{ readonly pages: number; readonly last: string }>
  /** What else follows from a replay that readers see, and whether it was made with the contract of now. Doing it again changes nothing. */
  readonly shown?: (replay: Replay, isOfContract: boolean) => Promise<void>
  readonly onProgress?: (replay: Replay, chunk: Omit<FormattedPages, 'file'>) => void
}
