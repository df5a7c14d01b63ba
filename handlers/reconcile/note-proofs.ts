import type { Table } from '../../core/contract/language/table.ts'
import { tableLabel } from '../../core/contract/language/table-version.ts'
import type { KeptProofs } from '../../engine/reconcile/kept-proofs.ts'
import type { ProofAnswer } from '../../engine/reconcile/proof-answer.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

/**
 * Logs and measures what was proven: by table `different`, `inQuarantine`, `healed` and `proofAge` (seconds since the
 * table was last proven equal, of every table, for one that is never reached grows old too); of all `unequal` (tables
 * that differ, by this proof or by one that no later one took back), `unproven` (those that could not be compared) and `notBegun`. Names and numbers only.
 */
export function noteProofs(
  { tables: proven, failed, notBegun }: ProofAnswer,
  proofs: KeptProofs,
  {
    stage: { log, metrics, now },
    tables,
  }: { readonly stage: LambdaStage; readonly tables: readonly Table[] },
): void {
  for (const one of proven) {
    const { table, equal, different, inQuarantine, sourceRows, lakeRows, healed, waited } = one
    const { outranked, snapshots } = one
    metrics.level('different', different, 'Count', table)
    metrics.level('inQuarantine', inQuarantine, 'Count', table)
    metrics.count('healed', healed?.healed ?? 0, table)
    const counts = {
      sourceRows,
      lakeRows,
      different,
      inQuarantine,
      healed: healed?.healed ?? 0,
      waited,
      outranked,
      snapshots,
    }
    const write = equal ? log.info : log.warn
    write(equal ? 'reconcile.equal' : 'reconcile.different', { table, ...counts })
  }
  for (const table of tables) {
    const label = tableLabel(table, tables)
    const equalAt = proofs.tables[label]?.equalAt ?? null
    if (equalAt === null) continue
    metrics.level(
      'proofAge',
      Math.max(0, Math.round((now() - Date.parse(equalAt)) / 1_000)),
      'Seconds',
      label,
    )
  }
  const differing = tables
    .map((table) => tableLabel(table, tables))
    .filter((label) => proofs.tables[label]?.equal === false)
  const unequal = new Set([...differing, ...proven.flatMap(({ equal, table }) => (equal ? [] : table))]).size
  metrics.level('unequal', unequal)
  metrics.level('unproven', failed.length)
  metrics.level('notBegun', notBegun.length)
  log.info('reconcile.done', {
    tables: proven.length,
    unequal,
    unproven: failed.length,
    notBegun: notBegun.length,
  })
}
