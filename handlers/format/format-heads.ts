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

/*
 * Of its last commit a page is missed after an hour, an age that nobody sets below a quarter of one; one that is younger
 * than this lands before. A later page is recorded, for its age would call it missing while it is on its way.
 */
const YOUNG_MS = 10 * 60_000

/**
 * Formats pages and, when it resolves, delivery has their blocks, quarantine their refusals, and the ledger says so, or the
 * block of a young page does when it lands. `isRecorded`: every page is written down here, in place of an earlier record.
 * Blocks of all pages go together, for Firehose bills small records as large ones. Metrics by source table: pages and
 * changes; what the contracts made of them (expected, refused, filtered; each contract counts); written-to-formatted.
 */
export async function formatHeads(
  heads: readonly PageItem[],
  { store, quarantine, delivery, ledger, route, stage: { log, metrics, now } }: FormatHeadsDeps,
  isRecorded: boolean,
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
    landsInTime: ({ committedAt }) => !isRecorded && committedAt !== null && now() - committedAt <= YOUNG_MS,
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
