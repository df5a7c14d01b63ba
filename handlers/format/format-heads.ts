import type { DynamoRawStore } from '../../aws/dynamo/dynamo-raw-store.ts'
import type { Block } from '../../core/block.ts'
import type { Delivery, Quarantine, QuarantineEntry } from '../../core/ports.ts'
import { formatPage } from '../../formatters/format-page.ts'
import type { Router } from '../../formatters/route.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { StreamHead } from './stream-heads.ts'

export interface FormatHeadsDeps {
  readonly store: Pick<DynamoRawStore, 'page'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly delivery: Delivery
  readonly route: () => Promise<Router>
  readonly stage: LambdaStage
}

/**
 * Formats pages and, when it resolves, delivery has their blocks and quarantine their refusals. Blocks of all pages go
 * together, for Firehose bills small records as large ones. Metrics by table: changes, refused, written-to-formatted.
 */
export async function formatHeads(
  heads: readonly StreamHead[],
  { store, quarantine, delivery, route, stage: { log, metrics } }: FormatHeadsDeps,
): Promise<void> {
  const routes = await route()
  const blocks: Block[] = []
  const refused: QuarantineEntry[] = []
  const counts: { table: string; changes: number; refused: number; writtenAt: number | undefined }[] = []
  for (const { item, writtenAt } of heads) {
    const page = await store.page(item)
    const formatted = formatPage(page, routes(page.table), delivery.maxBlockBytes)
    for (const block of formatted.blocks) blocks.push(block)
    for (const entry of formatted.refused) refused.push(entry)
    if (formatted.unknownFields.size > 0)
      log.warn('format.unknown-fields', { table: page.table, fields: [...formatted.unknownFields].join(' ') })
    counts.push({ table: page.table, changes: page.changes, refused: formatted.refused.length, writtenAt })
  }
  if (refused.length > 0) await quarantine.put(refused)
  await delivery.put(blocks)
  for (const one of counts) {
    metrics.count('pages', 1, one.table)
    metrics.count('changes', one.changes, one.table)
    metrics.count('refused', one.refused, one.table)
    if (one.writtenAt !== undefined) metrics.ages('age', [one.writtenAt], one.table)
  }
  const changes = counts.reduce((sum, one) => sum + one.changes, 0)
  log.info('format.batch', { pages: heads.length, changes, blocks: blocks.length, refused: refused.length })
}
