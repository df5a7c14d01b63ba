import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { ManifestChange } from '../../core/ledger/ledger.ts'
import type { Catalog, ObjectFiles, ObjectStore, Quarantine, SqlEngine } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import type { LandedLoadFile } from '../../ingest/land/land-load-file.ts'
import { type LoadFileRequest, landLoadFile } from '../../ingest/land/land-load-file.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { openLoadFile } from './open-load-file.ts'

export interface LandTableFileDeps {
  readonly engine: SqlEngine
  readonly files: ObjectFiles
  readonly tables: readonly Table[]
  readonly maskKey: MaskKey
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly catalog: Pick<Catalog, 'entries' | 'registerPartition'>
  readonly quarantine: Pick<Quarantine, 'put'>
}

export interface LandTableFileRequest extends LoadFileRequest {
  /** Source table. */
  readonly table: string
}

/** What became of a file: rows by contract, `name vN`, and the history files. */
export interface LandedTableFile {
  readonly rows: number
  readonly landed: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  readonly history: readonly ManifestChange[]
}

/** Lands a load file for the contracts that read its table, with DuckDB. Throws what `landLoadFile` throws. */
export async function landTableFile(
  { table, ...request }: LandTableFileRequest,
  { engine, files, tables, maskKey, ...deps }: LandTableFileDeps,
): Promise<LandedTableFile> {
  const readers = tables.filter(({ source }) => source.table === table)
  const sources = new Set(
    readers.flatMap(({ columns }) => Object.entries(columns).map(([name, { from }]) => from ?? name)),
  )
  const options = { engine, files, key: maskKey, historyFiles: historyFiles(readers) }
  const { rows, contracts } = await landLoadFile(request, {
    ...deps,
    files,
    tables: readers,
    open: (found, name) => openLoadFile(found, name, sources, options),
  })
  const byContract = (count: (one: (typeof contracts)[number]) => number) =>
    Object.fromEntries(contracts.map((one) => [one.contract, count(one)]))
  return {
    rows,
    landed: byContract(({ landed }) => landed),
    refused: byContract(({ refused }) => refused),
    history: loadManifest(contracts, readers, request.position),
  }
}

/** What the manifest gains by a landed load file: every row of a load ranks at its position, and lies in one day. */
function loadManifest(
  contracts: LandedLoadFile['contracts'],
  readers: readonly Table[],
  position: Position,
): readonly ManifestChange[] {
  return contracts.flatMap(({ contract, files }) => {
    const found = readers.find((table) => printTableVersion(table) === contract)
    const day = /\/ingest_date=([\d-]+)\//.exec(files[0]?.key ?? '')?.[1]
    if (found === undefined || day === undefined) return []
    const added = files.map((file) => ({ ...file, first: position, last: position }))
    return [{ table: found.name, version: found.version, day, added, removed: [] }]
  })
}
