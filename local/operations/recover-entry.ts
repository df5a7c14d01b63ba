import { PipelineError } from '../../core/failures/failures.ts'
import { isJsonObject, parseJsonObject } from '../../core/json.ts'
import type { Catalog, ObjectStore, Reason, WaitingEntry } from '../../core/ports/ports.ts'
import { type DmsRecord, decodeDms } from '../../ingest/capture/decode-dms.ts'
import { landObject } from '../../ingest/land/land-object.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import type { CaptureContext } from '../pipeline/pipeline.ts'
import { heldUntilLoaded, isLoadedSince } from './held-until-loaded.ts'
import type { OperationParts } from './operation-parts.ts'

export interface RecoverOptions {
  readonly epoch: number
  readonly isDryRun: boolean
  /** Whether a source table is another one now than it was before. */
  readonly hasFormer: (table: string) => boolean
}

/**
 * Brings in an entry that capture or landing set aside: the record is decoded and captured again, the object landed
 * under its own name again. Gives the reasons why it still cannot, none when it is durable. Running it again changes
 * nothing; a dry run changes nothing at all.
 */
export async function recoverEntry(
  entry: WaitingEntry,
  pipeline: Pick<OperationParts, 'capture' | 'objects' | 'catalog' | 'tables' | 'ledger'>,
  { epoch, isDryRun, hasFormer }: RecoverOptions,
): Promise<readonly Reason[]> {
  /* Too large a row is so with any contract, and what else it had may not have been kept. */
  if (entry.stage === 'capture' && entry.encoding === 'json') return entry.reasons
  try {
    if (entry.stage === 'capture') await captureAgain(entry, pipeline, { epoch, isDryRun, hasFormer })
    else await reland(entry, pipeline, isDryRun)
    return []
  } catch (error) {
    if (!(error instanceof PipelineError) || error.action !== 'quarantine') throw error
    return [{ code: error.code, path: '', message: error.message }]
  }
}

async function checkLoaded(entry: WaitingEntry, { catalog }: Pick<OperationParts, 'catalog'>): Promise<void> {
  const held = heldUntilLoaded(entry)
  if (held === undefined || isLoadedSince(entry, await catalog.entries())) return
  throw new PipelineError(
    held.code,
    `${held.message}; it is redriven by itself when a load of the table that began later is complete`,
  )
}

async function captureAgain(
  entry: WaitingEntry,
  pipeline: Pick<OperationParts, 'capture' | 'catalog'>,
  { epoch, isDryRun, hasFormer }: RecoverOptions,
): Promise<void> {
  const { id, payload } = entry
  await checkLoaded(entry, pipeline)
  const data = Buffer.from(payload, 'base64')
  /* The row of a load that nobody knew gets no position: that of a later load would put it above newer changes. */
  const context: CaptureContext = { epoch, loadPositionOf: () => undefined }
  const record = decodeDms(data, context)
  if (isDryRun || isCovered(entry, record, hasFormer)) return
  /* Named after the entry: captured twice, it is the same page. */
  const { quarantined } = await pipeline.capture([{ sequence: id, partitionKey: id, data }], context)
  if (quarantined > 0) throw new PipelineError('capture/page-too-large', 'the record is refused again')
}

/*
 * Nothing of it is left to bring: a delete of which nobody can say the row, for the load that it waited for has what it did;
 * and a change of a table that had the name for a while and gave it back, which has a load of its own.
 */
function isCovered(entry: WaitingEntry, record: DmsRecord, hasFormer: RecoverOptions['hasFormer']): boolean {
  const code = heldUntilLoaded(entry)?.code
  if (code === 'capture/other-table') return !hasFormer(entry.table ?? '')
  return code === 'capture/no-old-key' && record.kind === 'change' && record.change.operation === 'delete'
}

async function reland(
  { id, payload }: WaitingEntry,
  { objects, catalog, tables, ledger }: Pick<OperationParts, 'objects' | 'catalog' | 'tables' | 'ledger'>,
  isDryRun: boolean,
): Promise<void> {
  const { object: aside } = objectOf(payload)
  if (id.startsWith('landing#landing/loads/'))
    throw new PipelineError(
      'landing/corrupt',
      'a load file is not redriven: `tidemark load resume` reads its table again',
    )
  const key = id.replace(/^landing#/, '')
  if (typeof aside !== 'string' || !(await objects.list(aside)).includes(aside))
    throw new PipelineError('landing/corrupt', 'the object that was set aside is gone')
  const fromAside: ObjectStore = {
    put: (name, content) => (isDryRun ? Promise.resolve() : objects.put(name, content)),
    get: (name) => objects.get(name === key ? aside : name),
    list: (prefix) => objects.list(prefix),
    delete: (name) => objects.delete(name),
  }
  const { record } = await landObject(key, {
    objects: fromAside,
    catalog: isDryRun ? readOnly(catalog) : catalog,
    historyFiles: historyFiles(tables),
  })
  if (!isDryRun) await ledger.landed(record)
}

function objectOf(payload: string): { readonly object?: unknown } {
  const parsed = parseJsonObject(payload)
  return isJsonObject(parsed) ? parsed : {}
}

function readOnly(catalog: Catalog): Catalog {
  const nothing = () => Promise.resolve()
  return {
    entries: () => catalog.entries(),
    registerTables: nothing,
    registerPartition: nothing,
    addFloor: nothing,
    publishRevision: nothing,
    publishBase: nothing,
    dropPartitions: nothing,
  }
}
