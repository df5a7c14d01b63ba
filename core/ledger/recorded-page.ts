import { printTableVersion } from '../contract/language/table-version.ts'
import type { PageName } from '../page.ts'
import { blockId, type NamedBlock, type PageShare } from './ledger.ts'

/** What a ledger of items knows of one page, whatever came first. */
export interface RecordedPage {
  readonly page: PageName
  /** Undefined until format has recorded the page. */
  readonly formatted: { readonly shares: readonly PageShare[]; readonly at: number } | undefined
  /** Ids of its landed blocks. */
  readonly landed: ReadonlySet<string>
  /** Contracts, `name vN`, with which a completed replay read it again. */
  readonly replayed: ReadonlySet<string>
}

/** A redriven block, and whether its changes are in the lake. */
export interface RecordedRedrive {
  readonly block: NamedBlock
  /** When it was delivered, epoch milliseconds. */
  readonly at: number
  readonly isLanded: boolean
}

/** Whether the changes of a block of the page are in the lake. */
export function isBlockLanded({ landed, replayed }: RecordedPage, block: NamedBlock): boolean {
  return landed.has(blockId(block)) || replayed.has(printTableVersion(block.contract))
}
