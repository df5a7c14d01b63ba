import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LoadFileRecord } from '../../core/ledger/ledger.ts'
import type { LoadFile, TableLoad } from '../../core/load/load.ts'
import type { Documents } from '../../core/ports/documents.ts'
import type { Catalog, Clock, Ledger, ObjectStore } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { OwnParts } from '../../engine/repair/repair-parts.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import type { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { type LandLoadAgainDeps, landLoadAgain } from './land-load-again.ts'

export interface LandKeptFileDeps extends LandLoadAgainDeps {
  readonly catalog: Pick<Catalog, 'entries' | 'registerPartition'>
  readonly documents: Documents
  readonly ledger: Pick<Ledger, 'recordLoadFile' | 'replaceFiles'> & { readonly records: LedgerReader }
  readonly objects: Pick<ObjectStore, 'list'>
  readonly tables: readonly Table[]
  readonly now: Clock
  /** The revision of its rows, visible to readers. */
  readonly revisionOf: (table: Table) => Promise<number>
}

interface Counts {
  readonly landed: number
  readonly refused: number
}

/** The newest complete load of a source table: the one whose files are kept. */
export async function newestLoad(
  table: string,
  { documents }: Pick<LandKeptFileDeps, 'documents'>,
): Promise<{ readonly files: readonly LoadFile[]; readonly position: Position } | undefined> {
  let newest: TableLoad | undefined
  for (const { tables } of await new LoadDocuments(documents).all())
    for (const one of tables)
      if (one.table === table && one.state === 'complete' && (one.position ?? '') > (newest?.position ?? ''))
        newest = one
  if (newest === undefined || newest.position === null) return undefined
  return { files: newest.files, position: newest.position }
}

/**
 * Lands a kept file of a load again, as `OwnParts.landLoadFile` says: its history files have a revision of their own, and the
 * ledger counts what landed now.
 */
export async function landKeptFile(
  key: string,
  { isDryRun, only }: Parameters<OwnParts['landLoadFile']>[1],
  deps: LandKeptFileDeps,
): ReturnType<OwnParts['landLoadFile']> {
  const { ledger, tables } = deps
  const table = parseLoadFileName(key)?.table
  const record = await recordOf(key, deps)
  const load = table === undefined ? undefined : await newestLoad(table, deps)
  const file = load?.files.find((one) => one.key === key)
  if (load === undefined || (file === undefined && record === undefined)) return 'unknown'
  if (file === undefined) {
    if (record !== undefined && !isDryRun) await ledger.recordLoadFile(settled(record))
    return 'older'
  }
  const isMeant = ({ name, version }: Table) =>
    only === undefined || (only.table === name && only.version === version)
  const counts = new Map<string, Counts>()
  for (const reader of tables.filter(({ source }) => source.table === table).filter(isMeant)) {
    const landed = await landFor(reader, { file, position: load.position, isDryRun }, deps)
    if (landed === undefined) return 'lost'
    counts.set(printTableVersion(reader), landed)
  }
  if (!isDryRun && record !== undefined) await ledger.recordLoadFile(counted(record, file, counts))
  return 'landed'
}

/* Undefined when it is gone, cannot be read or has other rows than were read: nothing is written then. */
async function landFor(
  reader: Table,
  {
    file,
    position,
    isDryRun,
  }: { readonly file: LoadFile; readonly position: string; readonly isDryRun: boolean },
  deps: LandKeptFileDeps,
): Promise<Counts | undefined> {
  const { key, rows } = file
  const kept = new FolderFiles(new FolderObjects(deps.folder.root), deps.folder.scratch)
  try {
    if ((await kept.verify(file, 'digest')) !== 'whole') return undefined
    const request = { key, position, ingestDate: new Date(deps.now()).toISOString().slice(0, 10) }
    const found = await landLoadAgain({ ...request, revision: 0 }, reader, deps, true)
    if (found.rows !== rows) return undefined
    if (isDryRun) return found
    const revision = await deps.revisionOf(reader)
    const made = await landLoadAgain({ ...request, revision }, reader, deps, false)
    await writeDown(reader, made.files, deps)
    return made
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'landing/corrupt') return undefined
    throw error
  }
}

async function writeDown(
  { name, version }: Table,
  files: Awaited<ReturnType<typeof landLoadAgain>>['files'],
  { catalog, ledger }: LandKeptFileDeps,
): Promise<void> {
  const day = /\/ingest_date=([\d-]+)\//.exec(files[0]?.key ?? '')?.[1]
  if (day === undefined) return
  await catalog.registerPartition(name, version, day)
  await ledger.replaceFiles({ table: name, version, day, added: files, removed: [] })
}

async function recordOf(key: string, { ledger }: LandKeptFileDeps): Promise<LoadFileRecord | undefined> {
  for await (const file of ledger.records.loadFiles()) if (file.key === key) return file
  return undefined
}

function counted(
  record: LoadFileRecord,
  { rows }: LoadFile,
  counts: ReadonlyMap<string, Counts>,
): LoadFileRecord {
  const of = (what: keyof Counts) =>
    Object.fromEntries([...counts].map(([contract, one]) => [contract, one[what]]))
  return {
    ...record,
    rows,
    files: [],
    landed: { ...record.landed, ...of('landed') },
    refused: { ...record.refused, ...of('refused') },
  }
}

/* A file of an older load than the newest has no row that readers see. */
function settled(record: LoadFileRecord): LoadFileRecord {
  const landed = Object.keys(record.landed).map((contract) => [
    contract,
    record.rows - (record.refused[contract] ?? 0),
  ])
  return { ...record, landed: Object.fromEntries(landed), files: [] }
}
