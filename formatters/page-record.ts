import { isSameOrNone } from '../core/contract/language/table-version.ts'
import { nameOfBlock, type PageRecord } from '../core/ledger/ledger.ts'
import type { PageName } from '../core/page.ts'
import type { FormattedChanges } from './format-page.ts'

/** What became of a page, for the ledger. `isWaiting` says of a refusal that quarantine had it before. */
export function pageRecord(
  { key, table, changes, firstPosition, lastPosition }: PageName,
  { formatted, isWaiting }: { formatted: FormattedChanges; isWaiting: (id: string) => boolean },
): PageRecord {
  const fresh = formatted.refused.filter(({ id }) => !isWaiting(id))
  const shares = formatted.contracts.map(({ contract, blocks, refused }) => ({
    contract,
    blocks: blocks.flatMap((block) => nameOfBlock(block) ?? []),
    refused,
    fresh: fresh.filter((entry) => isSameOrNone(entry.contract, contract)).length,
    filtered: 0,
  }))
  return { page: key, table, changes, firstPosition, lastPosition, shares }
}
