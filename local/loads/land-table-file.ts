import { stat } from 'node:fs/promises'
import type { Table } from '../../core/contract/language/table.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { ManifestChange } from '../../core/ledger/ledger.ts'
import type { Catalog, ObjectFiles, Quarantine, SqlEngine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { loadManifest } from '../../engine/load-file/load-manifest.ts'
import { openLoadFile } from '../../engine/load-file/open-load-file.ts'
import { landLoadFile } from '../../ingest/land/land-load-file.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import type { FolderObjects } from '../stores/folder-objects.ts'

export interface LandTableFileDeps {
  readonly engine: SqlEngine
  readonly files: ObjectFiles
  /** Contracts that read the table. */
  readonly tables: readonly Table[]
  readonly maskKey: MaskKey
  readonly objects: FolderObjects
  readonly catalog: Pick<Catalog, 'entries' | 'registerPartition'>
  readonly quarantine: Pick<Quarantine, 'put'>
}

export interface LandTableFileRequest {
  readonly key: string
  /** Source table. */
  readonly table: string
  readonly position: Position
  readonly revision: number
  readonly ingestDate: string
}

/** What became of a file: rows by contract, `name vN`, and the history files. */
export interface LandedTableFile {
  readonly rows: number
  readonly landed: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  readonly history: readonly ManifestChange[]
}

/** Lands a load file of the folder, as the land Lambda does on the event of S3. Throws what `landLoadFile` throws. */
export async function landTableFile(
  { key, table, position, revision, ingestDate }: LandTableFileRequest,
  { engine, files, tables, maskKey, objects, catalog, quarantine }: LandTableFileDeps,
): Promise<LandedTableFile> {
  const { size, mtimeMs } = await stat(objects.path(key))
  const readers = tables.filter(({ source }) => source.table === table)
  const sources = new Set(
    readers.flatMap(({ columns }) => Object.entries(columns).map(([name, { from }]) => from ?? name)),
  )
  const { rows, contracts } = await landLoadFile(
    { key, version: `${size}-${mtimeMs}-r${revision}`, position, revision, ingestDate },
    {
      ...{ tables: readers, catalog, quarantine, files, objects },
      open: (found, name) =>
        openLoadFile(found, name, sources, {
          ...{ engine, files, key: maskKey },
          historyFiles: historyFiles(readers),
        }),
    },
  )
  const byContract = (count: (one: (typeof contracts)[number]) => number) =>
    Object.fromEntries(contracts.map((one) => [one.contract, count(one)]))
  return {
    rows,
    landed: byContract(({ landed }) => landed),
    refused: byContract(({ refused }) => refused),
    history: loadManifest(contracts, readers, position),
  }
}
