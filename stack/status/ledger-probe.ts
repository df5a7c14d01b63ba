import { openStackAudit } from '../../aws/audit/stack-audit.ts'
import { recentBalances } from '../../core/audit/audit-recent.ts'
import { auditRecords, type LedgerAudit } from '../../core/audit/audit-records.ts'
import { outputsOf } from '../stack.ts'
import { ledgerRules } from './pipeline-checks.ts'
import { askingRetry } from './pipeline-probes.ts'
import { probe, type StackProbe } from './stack-probe.ts'
import type { StackSession } from './stack-session.ts'

const OVERDUE_MS = 3_600_000

/** What was read of the ledger; `findings` only of an audit of everything. */
export interface LedgerReading {
  readonly balances: LedgerAudit['balances']
  readonly findings: LedgerAudit['findings'] | null
  /** Findings beyond those, which are only counted. */
  readonly more: number
}

/**
 * The look at the ledger: what is not settled for two days, or everything with its files. `reading` is what it read; undefined
 * until it has, and when it could not.
 */
export function ledgerProbe(
  { stack, tables, now, files, data }: StackSession,
  isWhole: boolean,
): StackProbe & { reading(): LedgerReading | undefined } {
  let known: LedgerReading | undefined
  const { results } = probe(
    ledgerRules,
    `dynamodb:Query on the ledger’s table and on index heads of the raw table${isWhole ? ', s3:ListBucket' : ''}`,
    async () => {
      const of = outputsOf(stack, 'data', ['bucket', 'raw_table', 'ledger_table', 'systems'])
      const places = {
        bucket: of.bucket,
        systems: of.systems,
        rawTable: of.raw_table,
        ledgerTable: of.ledger_table,
      }
      const audit = openStackAudit({ ...data(), retry: askingRetry }, tables, places)
      const time = { now, overdueMs: OVERDUE_MS }
      known = isWhole
        ? await auditRecords(audit, time)
        : { balances: await recentBalances(audit, time), findings: null, more: 0 }
      const { balances, findings, more } = known
      const faults = findings?.filter(({ severity }) => severity === 'fault').length ?? 0
      return { balances, faults: faults + more, stack: files }
    },
  )
  return { results, reading: () => known }
}
