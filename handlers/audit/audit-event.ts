import * as z from 'zod'
import { type AuditMarks, auditRecent } from '../../core/audit/audit-recent.ts'
import { auditRecords, type LedgerAudit } from '../../core/audit/audit-records.ts'
import type { AuditDeps } from '../../core/audit/ledger-audit.ts'
import type { Quarantine } from '../../core/ports/ports.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface AuditEventDeps extends AuditDeps {
  readonly marks: AuditMarks
  readonly quarantine: Pick<Quarantine, 'list'>
  readonly overdueMs: number
  readonly stage: LambdaStage
}

/** What a person or a rule with an input asks for; a schedule's own event asks for nothing. */
const asked = z.looseObject({ whole: z.boolean().default(false) })
/* Of the answer and of the log. */
const SHOWN = 100

/**
 * Audits the ledger: what is not settled for long, or everything with `{"whole": true}`. Levels by contract: `inFlight`
 * and `missing` (changes), `oldestInFlight` (seconds); of all: those, `findings`, and `quarantineAge` (seconds that
 * the oldest refused change has waited). Each finding is a log line.
 */
export async function auditEvent(event: unknown, deps: AuditEventDeps): Promise<LedgerAudit> {
  const { overdueMs, stage } = deps
  const { whole } = asked.parse(event ?? {})
  const time = { now: stage.now(), overdueMs }
  const audit = whole ? await auditRecords(deps, time) : await auditRecent(deps, time)
  noteAudit(audit, stage)
  stage.metrics.level('quarantineAge', await oldestWaiting(deps), 'Seconds')
  const findings = audit.findings.slice(0, SHOWN)
  return { ...audit, findings, more: audit.more + audit.findings.length - findings.length }
}

/* Entries come as they came: the first one that still waits is the oldest. */
async function oldestWaiting({ quarantine, stage }: AuditEventDeps): Promise<number> {
  for await (const { since } of quarantine.list())
    return Math.max(0, Math.round((stage.now() - Date.parse(since)) / 1_000))
  return 0
}

function noteAudit(
  { balances, findings, more, pages }: LedgerAudit,
  { log, metrics, now }: LambdaStage,
): void {
  let [inFlight, missing, oldest] = [0, 0, 0]
  for (const one of balances) {
    const seconds =
      one.oldestInFlight === null ? 0 : Math.max(0, Math.round((now() - one.oldestInFlight) / 1_000))
    const table = one.contract ?? one.source
    metrics.level('inFlight', one.inFlight, 'Count', table)
    metrics.level('missing', one.missing, 'Count', table)
    metrics.level('oldestInFlight', seconds, 'Seconds', table)
    inFlight += one.inFlight
    missing += one.missing
    oldest = Math.max(oldest, seconds)
  }
  const faults = findings.filter(({ severity }) => severity === 'fault')
  metrics.level('inFlight', inFlight)
  metrics.level('missing', missing)
  metrics.level('oldestInFlight', oldest, 'Seconds')
  metrics.level('findings', faults.length + more)
  for (const { kind, table, name, count, message, advice } of faults.slice(0, SHOWN))
    log.warn('audit.finding', { kind, table, name, count, message, advice })
  log.info('audit.done', { pages, findings: faults.length + more, inFlight, missing })
}
