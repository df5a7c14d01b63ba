import type { Clock } from '../../core/ports.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { RunState } from '../pipeline/run-state.ts'
import { folderLake } from '../reconcile/folder-lake.ts'
import { keepProof, proofsFile } from '../reconcile/proof-file.ts'
import {
  type HealKeys,
  heal,
  type Proof,
  type ReconcileDeps,
  type ReconcileRequest,
  reconcile,
  type TableProof,
} from '../reconcile/reconcile.ts'
import type { Source } from '../replicator/source-connection.ts'

export interface ProverDeps {
  readonly source: Source
  readonly state: RunState
  readonly pipeline: Pipeline
  /** Rejects when a stage or capture fails. */
  readonly failed: Promise<never>
  readonly now: Clock
}

/** Proofs of the process that owns a folder: they are kept, and it alone can heal what they find. */
export class Prover {
  private readonly deps: ProverDeps

  constructor(deps: ProverDeps) {
    this.deps = deps
  }

  async prove(
    signal: AbortSignal,
    request: ReconcileRequest = {},
    onTable?: (table: string) => void,
  ): Promise<Proof> {
    const { pipeline, now } = this.deps
    const proof = await reconcile({
      ...this.reconcileDeps(signal),
      request,
      ...(onTable === undefined ? {} : { onTable }),
    })
    await keepProof(proofsFile(pipeline.folder.root), proof, now())
    return proof
  }

  /** Compares keys that another process found to differ, and sends again those that still do. */
  heal(keys: HealKeys, signal: AbortSignal): Promise<readonly TableProof[]> {
    return heal(this.reconcileDeps(signal), keys)
  }

  private reconcileDeps(signal: AbortSignal): ReconcileDeps {
    const { source, state, pipeline, failed, now } = this.deps
    const { tables, catalog, quarantine, maskKey, folder } = pipeline
    return {
      ...{ source, tables, quarantine, maskKey, signal },
      epoch: state.data.epoch,
      lake: folderLake(catalog, folder.root),
      scratch: folder.root,
      reach: (lsn) => Promise.race([pipeline.reach(lsn, signal), failed]),
      healing: {
        capture: (records, context) => pipeline.capture(records, context),
        landed: () => Promise.race([pipeline.room(1, signal), failed]),
        now,
      },
    }
  }
}
