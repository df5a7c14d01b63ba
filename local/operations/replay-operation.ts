import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { ReplayResult } from '../../core/operations/answers.ts'
import type { Operation } from '../../core/operations/operations.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { type LandedTableFile, type LandTableFileRequest, landTableFile } from '../loads/land-table-file.ts'
import { replay } from '../replay/replay.ts'
import { replayStates } from '../replay/replay-state.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'
import { checkContracts, onlyOf } from './check-contracts.ts'
import { findTable } from './find-table.ts'
import type { OperationContext, OperationParts } from './operation-parts.ts'

/** Replays a table with the newest version of its contract, or the one that is asked for. */
export async function runReplay(
  { table: name, version, from, to, isDryRun }: Operation<'replay'>,
  { pipeline, contracts, now, signal, onProgress }: OperationContext,
): Promise<ReplayResult> {
  const { tables, maskKey, raw, quarantine, objects, catalog, folder, documents } = pipeline
  const versions = tables.filter((table) => table.name === name || table.source.table === name)
  checkContracts(versions, onlyOf([name, ...versions.map((table) => table.name)], contracts))
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const table = findTable(versions, name, version)
  return replay(
    { table, range, isDryRun },
    {
      raw,
      quarantine,
      objects,
      catalog,
      ledger: replayStates(documents),
      loads: new LoadDocuments(documents),
      landAgain: (file, dry) => landAgain(file, dry, { pipeline, table }),
      books: pipeline.ledger,
      readers: tables.map((one) => ({ contract: printTableVersion(one), source: one.source.table })),
      maskKey,
      root: folder.root,
      now,
      signal,
      onProgress: ({ done, pages, rows, refused }) => onProgress({ done, pages, rows, refused }),
    },
  )
}

/* Only its own contract reads the file, and readers see nothing of it until the replay is shown. */
async function landAgain(
  request: LandTableFileRequest,
  isDryRun: boolean,
  { pipeline, table }: { readonly pipeline: OperationParts; readonly table: Table },
): Promise<LandedTableFile> {
  const { folder, catalog, quarantine, maskKey } = pipeline
  const objects = new FolderObjects(folder.root)
  await makeFolder(folder.scratch)
  const temporary = await mkdtemp(join(folder.scratch, 'replay-'))
  const engine = await DuckEngine.open({ temporary, memory: '256MB' })
  const files = new FolderFiles(objects, temporary)
  const nothing = async () => undefined
  try {
    return await landTableFile(request, {
      ...{ engine, tables: [table], maskKey, objects },
      files: isDryRun ? { ...bound(files), publish: async () => ({ bytes: 0, sha256: undefined }) } : files,
      catalog: { entries: () => catalog.entries(), registerPartition: nothing },
      quarantine: isDryRun ? { put: nothing } : quarantine,
    })
  } finally {
    engine.close()
    await rm(temporary, { recursive: true, force: true })
  }
}

function bound(files: FolderFiles) {
  const { read, scratch, verify } = FolderFiles.prototype
  return { read: read.bind(files), scratch: scratch.bind(files), verify: verify.bind(files) }
}
