import * as z from 'zod'
import { checkTable } from '../../core/contract/check-table.ts'
import { inferTable } from '../../core/contract/infer-table.ts'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../replicator/source-catalog.ts'
import { FileCatalog } from '../stores/file-catalog.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import type { RunFolder } from './run-folder.ts'

const stored = z.object({ format: z.literal(1), tables: z.array(z.custom<Table>(isTable)) })

/**
 * The contracts of the source's tables: written ones of this system where there are any, else inferred from the
 * catalog. An inferred contract is kept in the folder and stays as it was: a column that comes later is an unknown
 * field until someone writes it down. Throws `contract/invalid` when two source tables would be one lake table, and
 * `run/contract-missing` for a table that the lake has by a written contract which is not given: inferred anew, it would
 * mask nothing.
 */
export async function chooseContracts(
  sources: readonly SourceTable[],
  written: readonly Table[],
  options: {
    readonly system: string
    readonly folder: Pick<RunFolder, 'contracts' | 'catalog'>
    readonly isReadOnly?: boolean
  },
): Promise<readonly Table[]> {
  const { system, folder } = options
  const known = (await readJsonFile(folder.contracts, stored))?.tables ?? []
  const entries = await new FileCatalog(folder.catalog).entries()
  const inLake = new Set(entries.map(({ table }) => table.source))
  const inferred: Table[] = []
  const chosen = sources.flatMap((source) => {
    const name = sourceTableName(source)
    const contracts = written.filter((table) => table.source.system === system && table.source.table === name)
    if (contracts.length > 0) return contracts
    const before = known.find((table) => table.source.table === name)
    if (before === undefined && inLake.has(name))
      throw new PipelineError(
        'run/contract-missing',
        `${name} is in the lake by a written contract, and none is given`,
      )
    const table = before ?? inferTable(source, { system })
    inferred.push(table)
    return [table]
  })
  refuseTwins(chosen)
  /* What was inferred before its contract was written must not come back without it, unmasked. */
  const isWritten = ({ source }: Table) =>
    written.some((table) => table.source.system === system && table.source.table === source.table)
  const kept = [...known.filter((table) => !inferred.includes(table) && !isWritten(table)), ...inferred]
  if ((kept.length > 0 || known.length > 0) && options.isReadOnly !== true)
    await writeJsonFile(folder.contracts, { format: 1, tables: kept })
  return chosen
}

/** The contracts of source tables that were chosen before, without asking the source: for operations on what is stored. */
export async function knownContracts(
  sources: readonly string[],
  written: readonly Table[],
  { system, file }: { readonly system: string; readonly file: string },
): Promise<readonly Table[]> {
  const inferred = (await readJsonFile(file, stored))?.tables ?? []
  return sources.flatMap((name) => {
    const contracts = written.filter((table) => table.source.system === system && table.source.table === name)
    return contracts.length > 0 ? contracts : inferred.filter((table) => table.source.table === name)
  })
}

function refuseTwins(tables: readonly Table[]): void {
  const names = new Map<string, Table>()
  for (const table of tables) {
    for (const name of [`${table.name} v${table.version}`, `${table.name}_history v${table.version}`]) {
      const twin = names.get(name)
      if (twin !== undefined)
        throw new PipelineError(
          'contract/invalid',
          `${twin.source.table} and ${table.source.table} would share the lake name ${name}; write a contract for one, or leave it out with --tables`,
        )
      names.set(name, table)
    }
  }
}

function isTable(value: unknown): value is Table {
  if (typeof value !== 'object' || value === null || !('columns' in value)) return false
  /* Written by this program; `checkTable` catches what an edit by hand breaks. */
  return checkTable(value as Table).length === 0
}
