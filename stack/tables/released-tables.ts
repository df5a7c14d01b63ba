import { terraformJson } from '../../aws/dms/mapped-tables.ts'
import { compareInfra } from '../../contract-tools/check/compare-infra.ts'
import { compareLock, shapeOf } from '../../contract-tools/check/compare-lock.ts'
import { loadContracts, tablesOf } from '../../contract-tools/load/load-contracts.ts'
import { readLock } from '../../contract-tools/load/lock-file.ts'
import { readRetired } from '../../contract-tools/load/retired-file.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'

/** What the repository says of tables that are to be captured. */
export interface ReleasedTables {
  readonly system: string
  /** Source tables that were named, `schema.table`. */
  readonly sources: readonly string[]
  /** Every version of their contracts. */
  readonly contracts: readonly Table[]
  /** Table mappings of the system's cdc task, as Terraform gives them to DMS. */
  readonly mappings: string
}

/**
 * Finds contracts by their name or their source table, and holds them to what Terraform will read: locked, and in the
 * folder of `infra export`. Throws `table/not-released`, `usage/invalid` for a name that no contract has and for names of
 * several systems.
 */
export async function releasedTables(
  names: readonly string[],
  { contracts: contractsFolder, generated }: { readonly contracts: string; readonly generated: string },
): Promise<ReleasedTables> {
  const folder = await loadContracts(contractsFolder, process.cwd())
  const tables = tablesOf(folder)
  const contracts = names.flatMap((name) => {
    const byName = tables.filter((table) => table.name === name)
    const found = byName.length > 0 ? byName : tables.filter(({ source }) => source.table === name)
    if (found.length === 0)
      throw new PipelineError(
        'usage/invalid',
        `${name}: no contract in ${contractsFolder} has this name or source`,
      )
    return tables.filter(({ source }) => found.some((one) => isSame(one.source, source)))
  })
  const [system = '', ...others] = new Set(contracts.map(({ source }) => source.system))
  if (others.length > 0)
    throw new PipelineError(
      'usage/invalid',
      `tables of one system at a time: ${system} or ${others.join(', ')}`,
    )
  const changes = compareLock(folder, (await readLock(folder.root)) ?? [], await readRetired(folder.root))
  const unlocked = changes.find(
    (change) =>
      !(change.kind === 'changed' && change.change.kind === 'same') &&
      contracts.some((table) => printTableVersion(table) === printTableVersion(shapeOf(change))),
  )
  if (unlocked !== undefined)
    throw new PipelineError(
      'table/not-released',
      `${printTableVersion(shapeOf(unlocked))} is not as it is locked`,
    )
  const { wanted, changed, gone } = await compareInfra(tables, generated)
  const [stale] = [...changed, ...gone]
  if (stale !== undefined)
    throw new PipelineError('table/not-released', `${generated}/${stale} is not what the contracts say`)
  return {
    system,
    sources: [...new Set(contracts.map(({ source }) => source.table))],
    contracts: [...new Set(contracts)],
    mappings: terraformJson(JSON.parse(wanted.get(`mappings/${system}.cdc.json`) ?? '')),
  }
}

function isSame(left: Table['source'], right: Table['source']): boolean {
  return left.system === right.system && left.table === right.table
}
