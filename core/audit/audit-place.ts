import type { NamedBlock } from '../ledger/ledger.ts'
import type { PageName } from '../page.ts'
import type { AuditTime } from './ledger-audit.ts'
import { repairOf } from './ledger-finding.ts'

/** What an audit knows beside the records: what still comes, and how what does not is told of. */
export interface AuditPlace {
  /** Raw pages stay: one that only the ledger knows, or that says no time, is no page whose time is over. */
  readonly keepsPages: boolean
  /** Whether format has had its time for a page that it has not recorded; `committedAt` in epoch milliseconds. */
  isPageDue(page: PageName, committedAt: number | null): boolean
  /** Whether a block that has not landed has had its time; `id` as `blockId`, `at` when it was delivered. */
  isBlockDue(id: string, at: number): boolean
  /** What a page is that nobody has recorded. */
  readonly passedOver: string
  /** Where a block should be: a text, and the landing object where one is known. */
  whereIs(block: NamedBlock): { readonly says: string; readonly object: string | null }
  /** What brings back what is lost of a page, which may have gone itself. */
  wayBack(page: PageName, isHeld: boolean): string
}

/** On a stack nobody sees what is on its way: what is older than its time is lost. */
export function stackPlace({ now, overdueMs }: AuditTime): AuditPlace {
  const isOverdue = (at: number) => now - at > overdueMs
  return {
    keepsPages: false,
    /* Age counts from the commit, for nobody writes down when a page came. */
    isPageDue: (_, committedAt) => isOverdue(committedAt ?? 0),
    isBlockDue: (_, at) => isOverdue(at),
    passedOver: 'was passed over by format, or its block is in no landed object',
    whereIs: () => ({ says: 'no landed object has it', object: null }),
    /* Formatting a page again brings back its blocks; a raw page that has expired only a load of its table. */
    wayBack: ({ key, table }, isHeld) =>
      isHeld ? repairOf('page', key) : `tidemark load start ${table}: its raw page has expired`,
  }
}
