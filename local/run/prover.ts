import type { Clock, Logger } from '../../core/ports/ports.ts'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { keepProof } from '../../engine/reconcile/proof-document.ts'
import {
  type HealKeys,
  heal,
  type Proof,
  type ReconcileDeps,
  type ReconcileRequest,
  reconcile,
} from '../../engine/reconcile/reconcile.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { folderLake } from '../reconcile/folder-lake.ts'
import type { RunState } from '../state/run-state.ts'

export interface ProverDeps {
  readonly source: Source
  readonly state: RunState
  readonly pipeline: Pipeline
  /** Rejects when a stage or capture fails. */
  readonly failed: Promise<never>
  readonly log: Logger
  readonly now: Clock
}

/* A scheduled proof of a large table may take long; one that hangs must not hang the next. */
const PROOF_MS = 3_600_000

/** Proofs of the process that owns a folder: they are kept, and it alone can heal what they find. */
export class Prover {
  private readonly deps: ProverDeps

  constructor(deps: ProverDeps) {
    this.deps = deps
  }

  async prove(
    signal: AbortSignal,
    request: ReconcileRequest = {},
    onProven?: ReconcileDeps['onProven'],
  ): Promise<Proof> {
    const { pipeline, now } = this.deps
    const proof = await reconcile({
      ...this.reconcileDeps(signal),
      request,
      onProven,
    })
    await keepProof(pipeline.documents, proof, now())
    return proof
  }

  /** A proof of everything that nobody waits for: the log says which tables differ or were not compared. */
  async proveByItself(signal: AbortSignal): Promise<void> {
    const { log } = this.deps
    const { lsn, tables, failed } = await this.prove(AbortSignal.any([signal, AbortSignal.timeout(PROOF_MS)]))
    for (const { table, equal, different } of tables)
      if (!equal) log.warn('proof.different', { lsn: String(lsn), table, different })
    for (const { table, code } of failed) log.warn('proof.failed', { table, code })
  }

  /** Compares keys that another process found to differ, and sends again those that still do. */
  heal(keys: HealKeys, signal: AbortSignal): Promise<Pick<Proof, 'tables' | 'failed'>> {
    return heal(this.reconcileDeps(signal), keys)
  }

  private reconcileDeps(signal: AbortSignal): ReconcileDeps {
    const { source, state, pipeline, failed, now } = this.deps
    const { tables, catalog, quarantine, maskKey, folder } = pipeline
    return {
      source,
      tables,
      quarantine,
      maskKey,
      signal,
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
