import { auditFiles } from './audit-files.ts'
import { type AuditedBalance, auditPages } from './audit-pages.ts'
import { stackPlace } from './audit-place.ts'
import type { AuditDeps, AuditTime, RangeOf } from './ledger-audit.ts'
import type { LedgerFinding } from './ledger-finding.ts'

export interface AuditRequest extends AuditTime {
  /** Pages that are looked at; all of them unless told. */
  readonly rangeOf?: RangeOf
  /** The first ingest day whose files are looked at, YYYY-MM-DD; all of them unless told. */
  readonly firstDay?: string
}

export interface LedgerAudit {
  readonly balances: readonly AuditedBalance[]
  /** The first 1,000. */
  readonly findings: readonly LedgerFinding[]
  /** Findings beyond those. */
  readonly more: number
  /** Pages that were looked at. */
  readonly pages: number
}

const MAX_FINDINGS = 1_000

/** Audits a ledger of items: its pages (`auditPages`), then its files (`auditFiles`). Writes nothing. */
export async function auditRecords(deps: AuditDeps, request: AuditRequest): Promise<LedgerAudit> {
  const {
    balances,
    findings: ofPages,
    more: morePages,
    pages,
  } = await auditPages(deps, {
    ...request,
    place: stackPlace(request),
  })
  const findings = [...ofPages]
  let more = morePages
  for await (const finding of auditFiles(deps, request))
    if (findings.length < MAX_FINDINGS) findings.push(finding)
    else more += 1
  return { balances, findings, more, pages }
}
