import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { isFailureCode } from '../../core/failures/failures.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { Proof, ProofFailure } from '../../engine/reconcile/proof.ts'
import type { RunStatus } from '../run/status/run-status.ts'

export interface WholeProof {
  readonly proof: Proof
  /** Source tables that the lake has and the run does not follow. */
  readonly notFollowed: readonly string[]
}

/**
 * Names every table of the lake that a proof of all tables says nothing of, for a run that leaves one out forgets its
 * load: one that the run had to leave out failed for its reason, any other is not followed.
 */
export function nameUncompared(
  proof: Proof,
  entries: readonly CatalogEntry[],
  leftOut: RunStatus['leftOut'],
): WholeProof {
  const told = new Set([...proof.tables, ...proof.failed].map(({ table }) => table))
  const silent = entries.flatMap(({ table }) =>
    [table.name, printTableVersion(table), table.source].some((label) => told.has(label))
      ? []
      : [table.source],
  )
  const reasons = new Map(leftOut.map((one) => [one.table, one]))
  const failed: ProofFailure[] = []
  const notFollowed: string[] = []
  for (const table of [...new Set(silent)].sort()) {
    const reason = reasons.get(table)
    if (reason === undefined) notFollowed.push(table)
    else
      failed.push({
        table,
        code: isFailureCode(reason.code) ? reason.code : 'internal',
        message: reason.message,
      })
  }
  const whole = failed.length === 0 ? proof : { ...proof, equal: false, failed: [...proof.failed, ...failed] }
  return { proof: whole, notFollowed }
}
