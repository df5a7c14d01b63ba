import type { ManifestDay, ManifestFile } from '../../core/ledger/ledger.ts'
import type { Catalog, Clock, Ledger, ObjectFiles, ObjectStore, SqlEngine } from '../../core/ports/ports.ts'
import type { CompactionLedger } from './plan/compaction-ledger.ts'

/** What the compaction of a table needs. */
export interface CompactDeps {
  readonly sql: SqlEngine
  readonly files: ObjectFiles
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly catalog: Pick<Catalog, 'entries' | 'publishBase' | 'dropPartitions'>
  readonly ledger: CompactionLedger
  /** Told which history files come and go; where it tells them too, each is verified before it is folded. */
  readonly manifest: Pick<Ledger, 'replaceFiles'> & {
    readonly files?: (day: ManifestDay) => Promise<readonly ManifestFile[]>
  }
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress?: (progress: CompactionProgress) => void
}

/** How far a compaction is. */
export interface CompactionProgress {
  readonly table: string
  readonly version: number
  readonly step: 'list' | 'merge' | 'fold' | 'write' | 'publish'
  readonly done: number
  readonly all: number
}
