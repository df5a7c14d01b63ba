import type { CompactionResult } from '../../core/operations/answers.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

/** Metrics by table and a log line of what a compaction did. `amplification`: bytes written for each byte of new history. */
export function noteCompaction(result: CompactionResult, { log, metrics }: LambdaStage): void {
  const { table, version, state, droppedDays, ...counts } = result
  const { rows, partsWritten, partsCarried, bytesWritten, freshFiles, freshBytes } = counts
  const { mergedFiles, deletedFiles } = counts
  metrics.level('rows', rows, 'Count', table)
  if (freshBytes > 0)
    metrics.level('amplification', Math.round((bytesWritten / freshBytes) * 10) / 10, 'Count', table)
  for (const [name, amount] of Object.entries({
    ...{ partsWritten, partsCarried, bytesWritten, freshFiles, freshBytes, mergedFiles, deletedFiles },
    droppedDays: droppedDays.length,
  }))
    metrics.count(name, amount, table)
  log.info('compact.table', {
    ...{ table, version, state, build: counts.build ?? 0, rows, partsWritten, partsCarried, bytesWritten },
    ...{ freshFiles, freshBytes, mergedFiles, deletedFiles, touched: counts.touched },
    ...{ droppedDays: droppedDays.length },
  })
}
