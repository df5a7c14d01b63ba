import { blockId, type NamedBlock, shareOfRecord } from '../../core/ledger/ledger.ts'
import type { RecordedPage } from '../../core/ledger/recorded-page.ts'
import type { PageName } from '../../core/page.ts'
import type { BroughtBlock } from './landed-blocks.ts'

/** A page as its items come together. */
export interface OpenPage extends RecordedPage {
  formatted: RecordedPage['formatted']
  /** The block that is the page's record; `recordedPage` says when one that format wrote comes before it. */
  told: { readonly block: NamedBlock; readonly at: number } | undefined
  readonly landed: Set<string>
  readonly replayed: Set<string>
}

export function openPage(page: PageName): OpenPage {
  return { page, formatted: undefined, told: undefined, landed: new Set(), replayed: new Set() }
}

/** Adds a block of the page. Of records that several readings made the newest counts. */
export function addBlock(open: OpenPage, { id, isLanded, record, at }: BroughtBlock): void {
  if (isLanded) open.landed.add(id)
  if (record === undefined) return
  if (open.told === undefined || at >= open.told.at) open.told = { block: record, at }
}

/** Takes out the pages before a key, all of them for null, in the order of their keys. */
export function* takenBefore(waiting: Map<string, OpenPage>, key: string | null): Generator<OpenPage> {
  const before = [...waiting.keys()].filter((one) => key === null || one < key).sort()
  for (const one of before) {
    const open = waiting.get(one)
    waiting.delete(one)
    if (open !== undefined) yield open
  }
}

/** Makes one page of those with one key, which follow one another. */
export async function* togetherByKey(pages: AsyncIterable<OpenPage>): AsyncGenerator<RecordedPage> {
  let open: OpenPage | undefined
  for await (const one of pages) {
    if (open !== undefined && open.page.key !== one.page.key) {
      yield recordedPage(open)
      open = undefined
    }
    if (open === undefined) open = one
    else addPage(open, one)
  }
  if (open !== undefined) yield recordedPage(open)
}

function addPage(into: OpenPage, { formatted, told, landed, replayed }: OpenPage): void {
  into.formatted ??= formatted
  into.told ??= told
  for (const id of landed) into.landed.add(id)
  for (const contract of replayed) into.replayed.add(contract)
}

/*
 * What format wrote, unless another reading of the page landed behind it: then the record is of rows that nobody waits for.
 * A block lands after it was formatted, so of two readings the one that is in the lake may count too soon, never too late.
 */
function recordedPage({ page, formatted, told, landed, replayed }: OpenPage): RecordedPage {
  const record = told && { shares: [shareOfRecord(told.block)], at: told.at }
  const isNewer =
    formatted !== undefined && told !== undefined && told.at > formatted.at && landed.has(blockId(told.block))
  return { page, formatted: isNewer ? record : (formatted ?? record), landed, replayed }
}
