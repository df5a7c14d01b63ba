import { asRecord, type Block } from '../core/block.ts'
import type { Table } from '../core/contract/language/table.ts'
import { isOneBlock, type PageRecord } from '../core/ledger/ledger.ts'
import type { Page } from '../core/page.ts'
import type { Delivery, Ledger, Quarantine, QuarantineEntry } from '../core/ports/ports.ts'
import { formatPage } from './format-page.ts'
import { pageRecord } from './page-record.ts'
import type { Router } from './route.ts'

export interface FormatStoredDeps {
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly delivery: Delivery
  readonly ledger: Pick<Ledger, 'formatted'>
  readonly route: Router
  /** Whether quarantine has a refusal already, where something counts by it. */
  readonly isWaiting?: (id: string) => boolean
  /** The revision of the rows, visible to readers; a first reading where it is left out. */
  readonly revisionOf?: (table: Table) => Promise<number>
  /**
   * Whether the block of a page, where it is one, may be the page's record: it lands before the page is missed. Every page
   * is recorded here where it is left out.
   */
  readonly landsInTime?: (page: Page) => boolean
  /** Told of source fields that a contract did not know and kept in `_extra`. */
  readonly unknownFields?: (table: string, names: ReadonlySet<string>) => void
}

export interface FormattedPages {
  readonly records: readonly PageRecord[]
  readonly blocks: number
  readonly refused: number
}

/**
 * Formats pages of the raw store and, when it resolves, delivery has their blocks, quarantine their refusals, and the ledger
 * says so, or their block does. Pages that were formatted before change no result (G3): at the same revision their rows
 * are the same ones with the same contract, at a higher one they take the place of an earlier reading.
 */
export async function formatStored(
  pages: AsyncIterable<Page> | Iterable<Page>,
  deps: FormatStoredDeps,
): Promise<FormattedPages> {
  const { quarantine, delivery, ledger, route, isWaiting = () => false, unknownFields } = deps
  const blocks: Block[] = []
  const refused: QuarantineEntry[] = []
  const records: PageRecord[] = []
  const recorded: PageRecord[] = []
  for await (const page of pages) {
    const routes = route(page.table)
    const revisions = new Map<Table, number>()
    if (deps.revisionOf !== undefined)
      for (const { table } of routes) revisions.set(table, await deps.revisionOf(table))
    const formatted = formatPage(page, routes, delivery.maxBlockBytes, (table) => revisions.get(table) ?? 0)
    for (const entry of formatted.refused) refused.push(entry)
    if (formatted.unknownFields.size > 0) unknownFields?.(page.table, formatted.unknownFields)
    const record = pageRecord(page, { formatted, isWaiting })
    records.push(record)
    const [only] = isOneBlock(record) && deps.landsInTime?.(page) === true ? formatted.blocks : []
    const telling = only && asRecord(only, delivery.maxBlockBytes)
    if (telling === undefined) recorded.push(record)
    for (const block of telling === undefined ? formatted.blocks : [telling]) blocks.push(block)
  }
  if (refused.length > 0) await quarantine.put(refused)
  await delivery.put(blocks)
  if (recorded.length > 0) await ledger.formatted(recorded)
  return { records, blocks: blocks.length, refused: refused.length }
}
