import type { S3Files } from '../../aws/s3/s3-files.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Position } from '../../core/position.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import {
  type LandOrRejectFileDeps,
  landOrRejectFile,
  moveFile,
} from '../../engine/load-file/land-or-reject-file.ts'
import { type LoadFileName, parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import { setAside } from '../../ingest/land/set-aside.ts'
import { arrivedFile, rowsOfAll } from '../../ingest/loads/audit-table.ts'
import { fileOfLoad, foreign, tablesByName } from '../../ingest/loads/file-of-load.ts'
import type { LoadDocuments } from '../../state/documents/load-documents.ts'
import type { S3Notice } from '../land/s3-notices.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface LandLoadDeps
  extends Pick<LandOrRejectFileDeps, 'tables' | 'catalog' | 'quarantine' | 'objects' | 'ledger'> {
  readonly stage: LambdaStage
  readonly bucket: string
  readonly loads: Pick<LoadDocuments, 'load' | 'saveResult'>
  readonly maskKey: () => Promise<MaskKey>
  /** Copies of one file, and what is written of it, in a folder that goes when it is closed. */
  readonly open: () => S3Files
  /** For what DuckDB spills, and its memory as it writes it. */
  readonly temporary: string
  readonly memory: string
}

/**
 * Lands one file of a full load. The result is written down, under a name that the file alone has, when its rows are
 * queryable; the function `loads` reads it. One of no load that was started, or that cannot be read, is set aside whole
 * and waits in quarantine, and the load of its table says so; then it is gone from the landing prefix. The same file again
 * overwrites, and nothing is to be done for one that is gone.
 */
export async function landLoadNotice({ bucket, key, version }: S3Notice, deps: LandLoadDeps): Promise<void> {
  const { stage, loads } = deps
  const name = parseLoadFileName(key)
  if (bucket !== deps.bucket || !key.startsWith('landing/loads/')) {
    stage.metrics.count('unhandled', 1)
    stage.log.warn('land.unhandled', { bucket, key })
    return
  }
  /* DMS's own tables. */
  if (name?.table.split('.').some((part) => part.startsWith('awsdms_'))) {
    stage.log.info('land.bookkeeping', { key })
    return
  }
  const files = deps.open()
  try {
    const place = await placeOf(key, loads)
    const landed = place instanceof PipelineError ? place : await land(place, version, files, deps)
    if (!(landed instanceof PipelineError)) return
    stage.metrics.count('refused', 1)
    stage.log.warn('load.refused', { code: landed.code, key })
    /* Of a load that nobody started there is nobody to tell. */
    if (place instanceof PipelineError)
      await setAside(
        key,
        { error: place, table: name?.table ?? null },
        { quarantine: deps.quarantine, move: moveFile(files) },
      )
    else
      await loads.saveResult(place.name.load, {
        file: arrivedFile(key),
        failure: { code: landed.code, message: landed.message },
      })
    await deps.objects.delete(key)
  } catch (error) {
    /* Set aside by a notification that came before, or taken away with its load. */
    if (!(error instanceof PipelineError) || error.code !== 'objects/missing') throw error
    stage.log.warn('land.gone', { key })
  } finally {
    await files.close()
  }
}

interface Place {
  readonly name: LoadFileName
  readonly position: Position
  readonly ingestDate: string
}

async function placeOf(key: string, loads: Pick<LoadDocuments, 'load'>): Promise<Place | PipelineError> {
  try {
    const { name, table } = await fileOfLoad(key, async (id) => {
      const load = await loads.load(id)
      return load && tablesByName(load)
    })
    const { position, startedAt } = table
    if (position === null || startedAt === null) return foreign(key, `load ${name.load} has not begun`)
    return { name, position, ingestDate: startedAt.slice(0, 10) }
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'landing/foreign') return error
    throw error
  }
}

async function land(
  { name: { key, load, table }, ...place }: Place,
  version: string,
  files: S3Files,
  deps: LandLoadDeps,
): Promise<PipelineError | undefined> {
  const { stage, loads, temporary, memory } = deps
  const maskKey = await deps.maskKey()
  const engine = await DuckEngine.open({ temporary, memory })
  try {
    const landed = await landOrRejectFile(
      { load, key, table, version, ...place },
      { ...deps, engine, files, maskKey },
    )
    if (landed instanceof PipelineError) return landed
    const bytes = await files.size(key)
    await loads.saveResult(load, { file: { key, bytes, state: 'landed', ...landed } })
    const refused = rowsOfAll(landed.refused)
    stage.metrics.count('files', 1, table)
    stage.metrics.count('rows', landed.rows, table)
    stage.metrics.count('refused', refused, table)
    stage.log.info('land.load-file', { key, rows: landed.rows, refused })
    return undefined
  } finally {
    engine.close()
  }
}
