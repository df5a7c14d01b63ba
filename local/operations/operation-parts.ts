import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { Healed, TablesAdded } from '../../core/operations/answers.ts'
import type { Operation } from '../../core/operations/operations.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { Catalog, Clock, Delivery, Ledger, ObjectStore, Quarantine } from '../../core/ports/ports.ts'
import type { HealKeys } from '../../engine/reconcile/reconcile.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { Meter } from '../pipeline/meter.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { RunFolder } from '../state/run-folder.ts'
import type { FolderQuarantine } from '../stores/folder-quarantine.ts'
import type { FolderRawStore } from '../stores/folder-raw-store.ts'
import type { Digests } from './check-contracts.ts'
import type { LoadParts } from './load-operation.ts'

/** What operations write into the ledger, and what a replay asks it. */
export type OperationLedger = Pick<
  Ledger,
  | 'redriven'
  | 'formatted'
  | 'delivered'
  | 'landed'
  | 'setAside'
  | 'replayed'
  | 'replaceFiles'
  | 'recordLoadFile'
> &
  Pick<FolderLedger, 'days' | 'files' | 'isBalanced' | 'records' | 'checkpoint'>

/** What operations need of a pipeline. */
export interface OperationParts {
  readonly raw: FolderRawStore
  readonly quarantine: Quarantine & Pick<FolderQuarantine, 'holds'>
  readonly delivery: Delivery
  readonly ledger: OperationLedger
  readonly objects: ObjectStore
  readonly catalog: Catalog
  readonly tables: readonly Table[]
  readonly maskKey: MaskKey
  readonly folder: RunFolder
  readonly documents: Documents
  readonly meter?: Pick<Meter, 'compacted'>
  readonly capture: Pipeline['capture']
}

/** What only the process that reads the source can do. */
export interface RunningParts extends LoadParts {
  /** Compares keys again and sends those that differ; see `heal`. */
  readonly heal: (keys: HealKeys, signal: AbortSignal) => Promise<Healed>
  /** Captures more tables from now on; see `addTables`. */
  readonly addTables: (
    request: Operation<'table-add'> & { readonly contracts: Digests },
    context: Pick<OperationContext, 'signal' | 'onProgress'>,
  ) => Promise<TablesAdded>
}

export interface OperationContext {
  /** Digests of the contracts that the caller knows. */
  readonly contracts: Digests
  readonly pipeline: OperationParts
  /** Of the process that reads the source; without it nothing can be asked for that needs it. */
  readonly running?: RunningParts
  /** Damaged pages that format had not come to and that were taken out before it could: their tables wait to be read again. */
  readonly givenUp?: ReadonlySet<string>
  readonly now: Clock
  readonly signal: AbortSignal
  readonly onProgress: (progress: unknown) => void
}
