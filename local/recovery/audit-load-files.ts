import { badLoadFile, type LedgerFinding } from '../../core/audit/ledger-finding.ts'
import type { Load, TableLoad } from '../../core/load/load.ts'
import type { ObjectFiles } from '../../core/ports/ports.ts'
import type { AuditDeps } from '../ledger/audit-ledger.ts'

/**
 * The files of each table's newest complete load that are not as they were read: a replay lands them again. Those of older
 * loads have no use and go.
 */
export async function auditLoadFiles(
  loads: readonly Load[],
  { rowsOf, files: kept }: Pick<AuditDeps, 'rowsOf'> & { readonly files: Pick<ObjectFiles, 'verify'> },
): Promise<readonly LedgerFinding[]> {
  const newest = new Map<string, TableLoad>()
  for (const table of loads.flatMap(({ tables }) => tables))
    if (table.state === 'complete' && (table.position ?? '') >= (newest.get(table.table)?.position ?? ''))
      newest.set(table.table, table)
  const found: LedgerFinding[] = []
  for (const { table, files } of newest.values()) {
    const rows = await rowsOf(files.map(({ key }) => key))
    for (const file of files) {
      const counted = rows.get(file.key)
      if (counted === undefined) found.push(badLoadFile(table, file, 'missing'))
      else if (counted === null) found.push(badLoadFile(table, file, 'unreadable'))
      else if (counted !== file.rows) found.push(badLoadFile(table, file, { rows: counted }))
      else if ((await kept.verify(file, 'digest')) !== 'whole')
        found.push(badLoadFile(table, file, 'altered'))
    }
  }
  return found
}
