import { PipelineError } from '../../core/failures/failures.ts'
import type { Load, TableLoad } from '../../core/load/load.ts'
import { type LoadFileName, parseLoadFileName } from '../land/load-file-name.ts'

/** A file among the load files, and the table of the load that has it read. */
export interface FileOfLoad {
  readonly name: LoadFileName
  readonly table: TableLoad
}

export type TablesByName = ReadonlyMap<string, TableLoad>

export function tablesByName({ tables }: Load): TablesByName {
  return new Map(tables.map((one) => [one.table, one]))
}

/** Whose file a key is. Throws `landing/foreign` for one that no load which was started here writes. */
export async function fileOfLoad(
  key: string,
  tablesOf: (load: string) => Promise<TablesByName | undefined>,
): Promise<FileOfLoad> {
  const name = parseLoadFileName(key)
  if (name === undefined)
    throw foreign(
      key,
      'expected the name of a load file, landing/loads/<load>/<schema>/<table>/LOAD<n>.parquet',
    )
  const tables = await tablesOf(name.load)
  if (tables === undefined) throw foreign(key, `no load ${name.load} was started here`)
  const table = tables.get(name.table)
  if (table === undefined) throw foreign(key, `load ${name.load} does not read ${name.table}`)
  return { name, table }
}

export function foreign(key: string, what: string): PipelineError {
  return new PipelineError('landing/foreign', `${key}: ${what}`)
}
