import { type AuditedBalance, auditPages } from '../../core/audit/audit-pages.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { BalanceOf } from '../../core/ledger/ledger-balance.ts'
import type { OpenStores } from './open-stores.ts'

/** The balance that an audit makes of every page and every record, of which `isOver` says whether what is not there had its time. */
export async function walkedBalance(
  { raw, ledger }: Pick<OpenStores, 'raw' | 'ledger'>,
  { contract, source }: BalanceOf,
  isOver: boolean,
): Promise<AuditedBalance> {
  const readers = contract === null ? [] : [{ contract: printTableVersion(contract), source }]
  const { balances } = await auditPages(
    { raw, records: ledger.records, readers, unread: [source] },
    {
      place: {
        keepsPages: true,
        isPageDue: () => isOver,
        isBlockDue: () => isOver,
        passedOver: '',
        whereIs: () => ({ says: '', object: null }),
        wayBack: () => '',
      },
    },
  )
  const [found] = balances
  if (found === undefined) throw new Error('no balance')
  return found
}
