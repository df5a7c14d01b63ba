import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { ManifestChange } from '../../core/ledger/ledger.ts'
import type { Position } from '../../core/position.ts'
import type { LandedLoadFile } from '../../ingest/land/land-load-file.ts'

/** What the manifest gains by a landed load file: every row of a load ranks at its position, and lies in one day. */
export function loadManifest(
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
