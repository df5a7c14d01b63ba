import { PipelineError } from '../../core/failures/failures.ts'
import type { Ledger, Quarantine } from '../../core/ports/ports.ts'
import { blocksIn, type LandDeps, landObject } from '../../ingest/land/land-object.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { S3Notice } from './s3-notices.ts'

export interface LandNoticeDeps extends LandDeps {
  readonly bucket: string
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly ledger: Pick<Ledger, 'delivered' | 'landed' | 'setAside'>
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
  try {
    const { files, commits, record } = await landObject(key, deps)
    await deps.ledger.landed(record)
    for (const { table, rows } of files) {
      metrics.count('files', 1, table)
      metrics.count('rows', rows, table)
    }
    for (const { contract, changes } of record.blocks)
      metrics.count('changes', changes, contract.replace(/ v\d+$/, ''))
    metrics.ages('freshness', commits)
    log.info('land.object', {
      key,
      files: files.length,
      rows: files.reduce((sum, { rows }) => sum + rows, 0),
    })
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'landing/corrupt') throw error
    await setAside(key, error, deps)
    metrics.count('refused', 1)
    log.warn('land.refused', { code: error.code, message: error.message, key })
  }
}

async function setAside(
  key: string,
  { code, message }: PipelineError,
  { objects, quarantine, ledger }: LandNoticeDeps,
): Promise<void> {
  const aside = key.replace(/^landing\/changes\//, 'landing/rejected/')
  await objects.put(aside, await objects.get(key))
  const none = { table: null, contract: null, position: null }
  const payload = JSON.stringify({ object: aside })
  const reasons = [{ code, path: '', message }]
  await quarantine.put([
    { id: `landing#${key}`, stage: 'landing', ...none, reasons, payload, encoding: 'json' },
  ])
  await ledger.delivered(key, await blocksIn(key, objects))
  await ledger.setAside(key)
}
