import { createHash } from 'node:crypto'
import { PipelineError } from '../../core/failures.ts'
import type { Ledger, Quarantine } from '../../core/ports.ts'
import { blocksIn, type LandDeps, landObject } from '../../ingest/land-object.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { S3Notice } from './s3-notices.ts'

export interface LandNoticeDeps extends LandDeps {
  readonly bucket: string
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly ledger: Pick<Ledger, 'delivered' | 'landed' | 'setAside'>
  readonly stage: LambdaStage
}

const DELIVERED = /^landing\/changes\/[A-Za-z0-9_.=/-]+$/
const LOADED = /^landing\/loads\//

/**
 * Lands one delivered object; see `landObject`; the ledger knows it when it resolves. The object stays where it is, for the same notice may come twice; a
 * lifecycle rule removes it. One that cannot be read is copied to `landing/rejected/` and waits in quarantine.
 * Files of full loads are not landed here: a note of each is put under `unhandled/`, for whoever does.
 */
export async function landNotice({ bucket, key, version }: S3Notice, deps: LandNoticeDeps): Promise<void> {
  const { log, metrics } = deps.stage
  if (bucket !== deps.bucket || !DELIVERED.test(key)) {
    const isLoad = bucket === deps.bucket && LOADED.test(key)
    if (isLoad) await deps.objects.put(noteKey(key, version), Buffer.from(JSON.stringify({ key, version })))
    metrics.count('unhandled', 1)
    log.warn('land.unhandled', { bucket, key, noted: isLoad })
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

function noteKey(key: string, version: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([key, version]))
    .digest('hex')
  return `unhandled/${digest.slice(0, 32)}.json`
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
