import type { AuditMarks } from '../../core/audit/audit-recent.ts'
import type { AuditDeps } from '../../core/audit/ledger-audit.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { ItemAuditMarks } from '../../state/ledger/item-audit-marks.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import { type Aws, openLedgerItems, openObjects, openRawStore } from '../open-aws.ts'

/** Where a stack keeps what an audit reads. */
export interface StackPlaces {
  readonly rawTable: string
  readonly ledgerTable: string
  readonly bucket: string
  /** Systems of the contracts that the stack reads. */
  readonly systems: readonly string[]
}

export interface StackAudit extends AuditDeps {
  readonly marks: AuditMarks
}

/**
 * Everything that `auditRecords` and `auditRecent` need of a stack; reads only, but for the marks. Throws
 * `settings/invalid` when no contract reads one of the systems: an audit of nothing finds nothing.
 */
export function openStackAudit(
  aws: Aws,
  tables: readonly Table[],
  { rawTable, ledgerTable, bucket, systems }: StackPlaces,
): StackAudit {
  const readers = tables
    .filter(({ source }) => systems.includes(source.system))
    .map((table) => ({ contract: printTableVersion(table), source: table.source.table }))
  if (readers.length === 0)
    throw new PipelineError('settings/invalid', `no contract reads one of the systems: ${systems.join(', ')}`)
  const ledger = openLedgerItems(aws, ledgerTable)
  return {
    raw: openRawStore(aws, rawTable),
    records: new LedgerReader(ledger),
    marks: new ItemAuditMarks(ledger),
    objects: openObjects(aws, bucket),
    readers,
  }
}
