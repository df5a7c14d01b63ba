import { domainsOf } from '../../core/contract/language/lake-table-name.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { cdcMappings, tableMappings } from './table-mappings.ts'
import { cdcTaskSettings, loadTaskSettings } from './task-settings.ts'

/** A file of `infra/generated/`: what Terraform reads of the contracts. */
export interface InfraFile {
  /** From that folder, with slashes. */
  readonly path: string
  readonly content: Readonly<Record<string, unknown>>
}

const isFileName = /^[a-z0-9][a-z0-9-]*$/

/**
 * Everything that the infrastructure is told of the contracts, in one order whatever theirs: settings of DMS tasks,
 * their table mappings by source system, and the names that schedules, databases and alarms are made for. Throws
 * `contract/invalid` for a system that cannot be the name of a file.
 */
export function infraFiles(tables: readonly Table[]): readonly InfraFile[] {
  const systems = namesOf(tables.map(({ source }) => source.system)).map((system) => {
    if (!isFileName.test(system))
      throw new PipelineError(
        'contract/invalid',
        `source system ${system}: small letters, digits and hyphens only`,
      )
    const own = tables.filter(({ source }) => source.system === system)
    return { system, tables: namesOf(own.map(({ source }) => source.table)) }
  })
  return [
    { path: 'cdc-task-settings.json', content: cdcTaskSettings },
    { path: 'load-task-settings.json', content: loadTaskSettings },
    {
      path: 'contracts.json',
      content: {
        databases: domainsOf(tables),
        sources: Object.fromEntries(systems.map(({ system, tables: sources }) => [system, sources])),
        tables: namesOf(tables.map(({ name }) => name)),
      },
    },
    ...systems.flatMap(({ system, tables: sources }) => [
      { path: `mappings/${system}.cdc.json`, content: JSON.parse(cdcMappings(sources)) },
      { path: `mappings/${system}.load.json`, content: JSON.parse(tableMappings(sources)) },
    ]),
  ]
}

function namesOf(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted()
}
