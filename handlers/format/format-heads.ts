import type { PageShare } from '../../core/ledger/ledger.ts'
import type { Delivery, Ledger, Quarantine } from '../../core/ports/ports.ts'
import { formatStored } from '../../formatters/format-stored.ts'
import type { Router } from '../../formatters/route.ts'
import type { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { PageItem } from './stream-heads.ts'

export interface FormatHeadsDeps {
  readonly store: Pick<ItemRawStore, 'page'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly delivery: Delivery
  readonly ledger: Pick<Ledger, 'formatted'>
  readonly route: () => Promise<Router>
  readonly stage: LambdaStage
}

/**
 * Formats pages and, when it resolves, delivery has their blocks, quarantine their refusals, and the ledger says so.
 * Blocks of all pages go together, for Firehose bills small records as large ones. Metrics by source table: pages and
 * changes; what the contracts made of them (expected, refused, filtered; each contract counts); written-to-formatted.
 */
export async function formatHeads(
  heads: readonly PageItem[],
  { store, quarantine, delivery, ledger, route, stage: { log, metrics } }: FormatHeadsDeps,
): Promise<void> {
  const pages = async function* () {
    for (const { item } of heads) yield await store.page(item)
  }
  /* Quarantine is not asked what waits already: nothing here counts by it. */
  const { records, blocks, refused } = await formatStored(pages(), {
    quarantine,
    delivery,
    ledger,
    route: await route(),
    unknownFields: (table, names) =>
      log.warn('format.unknown-fields', { table, fields: [...names].join(' ') }),
  })
  for (const [index, { table, changes, shares }] of records.entries()) {
    metrics.count('pages', 1, table)
    metrics.count('changes', changes, table)
    for (const share of shares) {
      metrics.count('expected', changesOf(share), table)
      metrics.count('refused', share.refused, table)
      metrics.count('filtered', share.filtered, table)
    }
    const { writtenAt } = heads[index] ?? {}
    if (writtenAt !== undefined) metrics.ages('age', [writtenAt], table)
  }
  const changes = records.reduce((sum, page) => sum + page.changes, 0)
  log.info('format.batch', { pages: heads.length, changes, blocks, refused })
}

function changesOf({ blocks }: PageShare): number {
  return blocks.reduce((sum, block) => sum + block.changes, 0)
}
