import { pageOfKey } from '../page.ts'
import type { LedgerFinding } from './ledger-finding.ts'

/** What is to come back, by name: raw pages, objects of the landing prefix, files of history and of loads. */
export interface RepairNames {
  readonly pages: readonly string[]
  readonly objects: readonly string[]
  readonly files: readonly string[]
}

const FILE = /\/ingest_date=\d{4}-\d{2}-\d{2}\/[^/]+\.parquet$|^landing\/loads\//

/** Names in findings of an audit. What no name brings back is left to the advice of its finding. */
export function namesOf(findings: readonly LedgerFinding[]): RepairNames {
  const faults = findings.filter(({ severity, name }) => severity === 'fault' && name !== '')
  const named = (isMeant: (finding: LedgerFinding) => boolean) => [
    ...new Set(faults.filter(isMeant).map(({ name }) => name)),
  ]
  return {
    pages: named(({ kind, name }) => (kind === 'page' || kind === 'block') && pageOfKey(name) !== undefined),
    objects: named(({ kind, name, object }) => kind === 'block' && name === object),
    files: named(({ kind, name }) => (kind === 'file' || kind === 'load') && FILE.test(name)),
  }
}
