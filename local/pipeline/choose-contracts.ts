import * as z from 'zod'
import { checkTable } from '../../core/contract/check-table.ts'
import { inferTable } from '../../core/contract/infer-table.ts'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import type { SourceTable } from '../replicator/source-catalog.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

const stored = z.object({ format: z.literal(1), tables: z.array(z.custom<Table>(isTable)) })

/**
 * The contracts of the source's tables: written ones of this system where there are any, else inferred from the
 * catalog. An inferred contract is kept in the folder and stays as it was: a column that comes later is an unknown
 * field until someone writes it down. Throws `contract/invalid` when two source tables would be one lake table.
 */
export async function chooseContracts(
  sources: readonly SourceTable[],
  written: readonly Table[],
  options: { readonly system: string; readonly file: string; readonly isReadOnly?: boolean },
): Promise<readonly Table[]> {
  const { system, file } = options
  const known = (await readJsonFile(file, stored))?.tables ?? []
  const inferred: Table[] = []
  const chosen = sources.flatMap((source) => {
    const name = `${source.schema}.${source.name}`
    const contracts = written.filter((table) => table.source.system === system && table.source.table === name)
    if (contracts.length > 0) return contracts
    const table = known.find((before) => before.source.table === name) ?? inferTable(source, { system })
    inferred.push(table)
    return [table]
  })
  refuseTwins(chosen)
  const kept = [...known.filter((table) => !inferred.includes(table)), ...inferred]
  if (kept.length > 0 && options.isReadOnly !== true) await writeJsonFile(file, { format: 1, tables: kept })
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
