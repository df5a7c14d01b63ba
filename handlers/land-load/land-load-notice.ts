import type { S3Files } from '../../aws/s3/s3-files.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadFile } from '../../core/load/load.ts'
import type { Catalog, Ledger, ObjectStore, Quarantine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { loadManifest } from '../../engine/load-file/load-manifest.ts'
import { openLoadFile } from '../../engine/load-file/open-load-file.ts'
import { setAside } from '../../engine/load-file/set-aside.ts'
import { type LandedLoadFile, landLoadFile } from '../../ingest/land/land-load-file.ts'
import { type LoadFileName, parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import type { LoadDocuments } from '../../state/documents/load-documents.ts'
import type { S3Notice } from '../land/s3-notices.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'

export interface LandLoadDeps {
  readonly stage: LambdaStage
  readonly bucket: string
  readonly tables: readonly Table[]
  readonly catalog: Pick<Catalog, 'entries' | 'registerPartition'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly loads: Pick<LoadDocuments, 'load' | 'saveResult'>
  readonly ledger: Pick<Ledger, 'recordLoadFile'>
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
    const place = await placeOf(name, key, loads)
    const landed =
      place instanceof PipelineError ? place : await land(place, { name: place.name, version }, files, deps)
    if (landed instanceof PipelineError) {
      await setAside(key, landed, { files, quarantine: deps.quarantine, log: stage.log })
      stage.metrics.count('refused', 1)
      /* Of a load that nobody started there is nobody to tell. */
      if (!(place instanceof PipelineError))
        await loads.saveResult(place.name.load, {
          file: { key, rows: 0, bytes: 0, state: 'arrived', landed: {}, refused: {}, history: [] },
          failure: { code: landed.code, message: landed.message },
        })
      await deps.objects.delete(key)
    }
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

async function placeOf(
  name: LoadFileName | undefined,
  key: string,
  loads: Pick<LoadDocuments, 'load'>,
): Promise<Place | PipelineError> {
  const foreign = (what: string) => new PipelineError('landing/foreign', `${key}: ${what}`)
  if (name === undefined)
    return foreign('expected the name of a load file, landing/loads/<load>/<schema>/<table>/LOAD<n>.parquet')
  const load = await loads.load(name.load)
  if (load === undefined) return foreign(`no load ${name.load} was started here`)
  const table = load.tables.find((known) => known.table === name.table)
  if (table === undefined) return foreign(`load ${name.load} does not read ${name.table}`)
  if (table.position === null || table.startedAt === null) return foreign(`load ${name.load} has not begun`)
  return { name, position: table.position, ingestDate: table.startedAt.slice(0, 10) }
}

async function land(
  { position, ingestDate }: Place,
  { name, version }: { readonly name: LoadFileName; readonly version: string },
  files: S3Files,
  deps: LandLoadDeps,
): Promise<LandedLoadFile | PipelineError> {
  const { stage, catalog, quarantine, objects, loads, ledger, temporary, memory } = deps
  const readers = deps.tables.filter(({ source }) => source.table === name.table)
  const sources = new Set(
    readers.flatMap(({ columns }) => Object.entries(columns).map(([column, { from }]) => from ?? column)),
  )
  const key = await deps.maskKey()
  const engine = await DuckEngine.open({ temporary, memory })
  try {
    const landed = await landLoadFile(
      { key: name.key, version, position, revision: 0, ingestDate },
      {
        ...{ tables: readers, catalog, quarantine, files, objects },
        open: (found, table) =>
          openLoadFile(found, table, sources, { engine, files, key, historyFiles: historyFiles(readers) }),
      },
    )
    const file = fileOf(landed, await files.size(name.key))
    const { rows, landed: taken, refused } = file
    const change = loadManifest(landed.contracts, readers, position)
    await ledger.recordLoadFile({
      ...{ load: name.load, key: name.key, table: name.table, rows, landed: taken, refused, files: change },
    })
    await loads.saveResult(name.load, { file })
    stage.metrics.count('files', 1, name.table)
    stage.metrics.count('rows', rows, name.table)
    stage.metrics.count('refused', sumOf(refused), name.table)
    stage.log.info('land.load-file', { key: name.key, rows, refused: sumOf(refused) })
    return landed
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'landing/corrupt') return error
    throw error
  } finally {
    engine.close()
  }
}

function fileOf({ key, rows, contracts }: LandedLoadFile, bytes: number): LoadFile {
  return {
    ...{ key, rows, bytes, state: 'landed' },
    landed: Object.fromEntries(contracts.map((one) => [one.contract, one.landed])),
    refused: Object.fromEntries(contracts.map((one) => [one.contract, one.refused])),
    history: contracts.flatMap((one) => one.files.map((file) => file.key)),
  }
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
