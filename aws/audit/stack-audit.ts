import type { AuditMarks } from '../../core/audit/audit-recent.ts'
import type { AuditDeps } from '../../core/audit/ledger-audit.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { ItemAuditMarks } from '../../state/ledger/item-audit-marks.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { dynamoClient, s3Client } from '../calls/clients.ts'
import type { CallObserver } from '../calls/observe-calls.ts'
import type { RetryPolicy } from '../calls/retry.ts'
import { ledgerItems, rawItems } from '../dynamo/dynamo-items.ts'
import { S3Objects } from '../s3/s3-objects.ts'

/** Where a stack keeps what an audit reads. */
export interface StackPlaces {
  readonly region: string
  /** Told of every request. */
  readonly observe?: CallObserver | undefined
  readonly rawTable: string
  readonly ledgerTable: string
  readonly bucket: string
  /** Systems of the contracts that the stack reads. */
  readonly systems: readonly string[]
}

export interface StackAudit extends AuditDeps {
  readonly marks: AuditMarks
  close(): void
}

/**
 * Everything that `auditRecords` and `auditRecent` need of a stack; reads only, but for the marks. Throws
 * `settings/invalid` when no contract reads one of the systems: an audit of nothing finds nothing.
 */
export function openStackAudit(
  tables: readonly Table[],
  { region, observe, rawTable, ledgerTable, bucket, systems }: StackPlaces,
  retry: RetryPolicy,
): StackAudit {
  const readers = tables
    .filter(({ source }) => systems.includes(source.system))
    .map(({ name, version, source }) => ({ contract: `${name} v${version}`, source: source.table }))
  if (readers.length === 0)
    throw new PipelineError('settings/invalid', `no contract reads one of the systems: ${systems.join(', ')}`)
  const settings = { region, ...(observe === undefined ? {} : { observe }) }
  const [dynamo, s3] = [dynamoClient(settings), s3Client(settings)]
  const ledger = ledgerItems({ client: dynamo, name: ledgerTable, retry })
  const raw = rawItems({ client: dynamo, name: rawTable, retry })
  return {
    raw: new ItemRawStore({ table: raw, retentionDays: 0 }),
    records: new LedgerReader(ledger),
    marks: new ItemAuditMarks(ledger),
    objects: new S3Objects({ client: s3, bucket, prefix: '', retry, partBytes: 8 << 20 }),
    readers,
    close: () => {
      dynamo.destroy()
      s3.destroy()
    },
  }
}
