import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { Catalog, Quarantine } from '../../core/ports/ports.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { digestOf } from '../../engine/files/file-digest.ts'
import { landTableFile } from '../../engine/load-file/land-table-file.ts'
import type { ReplayLoads } from '../../engine/replay/replay-deps.ts'
import { rowsOfAll } from '../../ingest/loads/audit-table.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { FolderFiles } from '../stores/folder-files.ts'
import { FolderObjects } from '../stores/folder-objects.ts'

export interface LandLoadAgainDeps {
  readonly folder: Pick<RunFolder, 'root' | 'scratch'>
  readonly catalog: Pick<Catalog, 'entries'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly maskKey: MaskKey
}

type LandedAgain = Awaited<ReturnType<ReplayLoads['land']>>

/**
 * Lands a kept file of a load for one contract, at a revision; a dry run only counts. Readers see its rows when they see the
 * revision. Throws what `landTableFile` throws.
 */
export async function landLoadAgain(
  file: Parameters<ReplayLoads['land']>[0],
  table: Table,
  { folder, catalog, quarantine, maskKey }: LandLoadAgainDeps,
  isDryRun: boolean,
): Promise<LandedAgain> {
  const objects = new FolderObjects(folder.root)
  const nothing = async () => undefined
  await makeFolder(folder.scratch)
  const temporary = await mkdtemp(join(folder.scratch, 'replay-'))
  const engine = await DuckEngine.open({ temporary, memory: '256MB' })
  const files = new FolderFiles(objects, temporary)
  const version = `${await objects.version(file.key)}-r${file.revision}`
  const request = { ...file, table: table.source.table, version }
  try {
    const { rows, landed, refused, history } = await landTableFile(request, {
      engine,
      tables: [table],
      maskKey,
      objects,
      files: isDryRun ? { ...bound(files), publish: async () => ({ bytes: 0, sha256: undefined }) } : files,
      catalog: { entries: () => catalog.entries(), registerPartition: nothing },
      quarantine: isDryRun ? { put: nothing } : quarantine,
    })
    const counts = { rows, landed: rowsOfAll(landed), refused: rowsOfAll(refused) }
    if (isDryRun) return { ...counts, files: [] }
    const made = history.flatMap(({ added }) => added)
    const measured = made.map(async ({ key, rows: held, bytes, sha256 }) => ({
      key,
      rows: held,
      bytes,
      sha256: sha256 ?? (await digestOf(objects.path(key))),
      first: file.position,
      last: file.position,
    }))
    return { ...counts, files: await Promise.all(measured) }
  } finally {
    engine.close()
    await rm(temporary, { recursive: true, force: true })
  }
}

function bound(files: FolderFiles) {
  const { read, scratch, verify } = FolderFiles.prototype
  return { read: read.bind(files), scratch: scratch.bind(files), verify: verify.bind(files) }
}
