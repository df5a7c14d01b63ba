import { type LandOrRejectDeps, landOrReject } from '../../ingest/land/land-or-reject.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { S3Notice } from './s3-notices.ts'

export interface LandNoticeDeps extends Omit<LandOrRejectDeps, 'areBlocksKnown' | 'observe'> {
  readonly bucket: string
  readonly stage: LambdaStage
}

const DELIVERED = /^landing\/changes\/[A-Za-z0-9_.=/-]+$/

/**
 * Lands one delivered object; see `landObject`; the ledger knows it when it resolves. The object stays where it is, for the same notice may come twice; a
 * lifecycle rule removes it. One that cannot be read is copied to `landing/rejected/` and waits in quarantine.
 * Files of full loads are not landed here but by `land-load`.
 */
export async function landNotice({ bucket, key }: S3Notice, deps: LandNoticeDeps): Promise<void> {
  const { log, metrics } = deps.stage
  if (bucket !== deps.bucket || !DELIVERED.test(key)) {
    metrics.count('unhandled', 1)
    log.warn('land.unhandled', { bucket, key })
    return
  }
  await landOrReject(key, {
    ...deps,
    /* Firehose says nothing of where it puts a block. */
    areBlocksKnown: false,
    observe: {
      landed: ({ files, commits, record }) => {
        for (const { table, rows } of files) {
          metrics.count('files', 1, table)
          metrics.count('rows', rows, table)
        }
        for (const { contract, changes } of record.blocks) metrics.count('changes', changes, contract.name)
        metrics.ages('freshness', commits)
        const rows = files.reduce((sum, file) => sum + file.rows, 0)
        log.info('land.object', { key, files: files.length, rows })
      },
      rejected: ({ code, message }) => {
        metrics.count('refused', 1)
        log.warn('land.refused', { code, message, key })
      },
    },
  })
}
