import type { AuditDeps } from '../../core/audit/ledger-audit.ts'
import { findRecoverySource } from '../../core/audit/recovery-source.ts'
import { pageOfKey } from '../../core/page.ts'
import type { Ledger } from '../../core/ports/ports.ts'
import type { RepairParts } from '../../engine/repair/repair-parts.ts'

/** What a repair asks of a stack: the functions `format` and `land`, and what its audit reads. */
export function stackRepairParts(
  audit: AuditDeps,
  ledger: Pick<Ledger, 'replaceFiles'>,
  functions: Pick<RepairParts, 'format' | 'land'>,
): RepairParts {
  return {
    ...functions,
    isHeld: async (kind, name) => {
      if (kind === 'object') return hasOne(audit.objects.objects(name), name)
      const page = pageOfKey(name)
      if (page === undefined) return false
      return hasOne(audit.raw.heads(page.table, { from: page.firstPosition, to: page.firstPosition }), name)
    },
    pagesAside: (object) => audit.records.pagesAside(object),
    findRecoverySource: (file) => findRecoverySource(file, audit),
    forget: (day, file) => ledger.replaceFiles({ ...day, added: [], removed: [file] }),
  }
}

async function hasOne(all: AsyncIterable<{ readonly key: string }>, name: string): Promise<boolean> {
  for await (const { key } of all) if (key === name) return true
  return false
}
