import type { ClientBase } from 'pg'
import { refusalText } from '../../../core/check.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { isOver, type Load } from '../../../core/load/load.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { isRelationName } from '../../../engine/postgres/catalog/table-pattern.ts'
import { checkCapturable, refuseNone } from '../../../engine/postgres/rules/check-source.ts'
import { planPublication } from '../../../engine/postgres/rules/ensure-publication.ts'
import { type LeftOutTable, together } from '../../../engine/postgres/rules/table-rules.ts'
import { chooseContracts } from '../../contracts/choose-contracts.ts'
import { checkContracts, type Digests } from '../../operations/check-contracts.ts'
import type { RunFolder } from '../../state/run-folder.ts'
import type { RunState } from '../../state/run-state.ts'

export interface AddTablesRequest {
  /** Source tables, `schema.table`. */
  readonly tables: readonly string[]
  /** Whether a full load brings the rows of before. */
  readonly isLoaded: boolean
  readonly isDryRun: boolean
  /** Of the caller's written contracts of these tables. */
  readonly contracts: Digests
}

export interface PlanDeps {
  readonly state: RunState
  /** Object ids of the tables that are captured now, by name. */
  readonly captured: ReadonlyMap<string, number>
  /** Tables whose lake names are taken. */
  readonly sources: readonly SourceTable[]
  readonly loads: readonly Load[]
  /** The written contracts as they are now. */
  readonly written: readonly Table[]
  readonly folder: RunFolder
}

export interface TablesPlan {
  readonly tables: readonly SourceTable[]
  /** Those that are not captured yet, or not any more. */
  readonly fresh: readonly SourceTable[]
  /** Names of captured ones that no load has read and none is reading. */
  readonly unread: readonly string[]
  /** Those that were asked for and cannot be captured. */
  readonly leftOut: readonly LeftOutTable[]
  /** Contracts of all of them; those that nobody wrote are inferred. */
  readonly contracts: readonly Table[]
  readonly inferred: ReadonlySet<Table>
}

/** Whether names are of single tables. Throws `usage/invalid` for a pattern. */
export function checkTableNames(names: readonly string[]): void {
  const odd = names.find((name) => !isRelationName(name) || !name.includes('.'))
  if (odd !== undefined)
    throw new PipelineError('usage/invalid', `${odd}: name each table as schema.table, without *`)
}

/**
 * What has to be done so that tables are captured; of the source nothing is changed. Throws `source/…` with the SQL when
 * none of the tables can be captured, `run/contract-changed` when the caller knows other contracts, `contract/invalid`.
 */
export async function planTables(
  client: ClientBase,
  request: AddTablesRequest,
  { state, captured, sources, loads, written, folder }: PlanDeps,
): Promise<TablesPlan> {
  checkTableNames(request.tables)
  const checked = await checkCapturable(client, { patterns: request.tables })
  const published = await planPublication(client, state.data.publication, checked.tables)
  const { tables: capturable, missing } = published
  const leftOut = [...checked.leftOut, ...published.leftOut]
  refuseNone(capturable, leftOut)
  const wanted = capturable.filter(
    (table) => captured.get(sourceTableName(table)) !== table.oid || missing.includes(table),
  )
  const gap = wanted.find((table) => captured.has(sourceTableName(table)))
  if (gap !== undefined && !request.isLoaded)
    throw new PipelineError(
      'usage/invalid',
      `${sourceTableName(gap)} was captured and then not: what changed in between comes only with a load; leave --no-load out`,
    )
  checkContracts(written, request.contracts)
  const others = sources.filter(
    (table) => !wanted.some((other) => sourceTableName(other) === sourceTableName(table)),
  )
  const chosen = await chooseContracts([...others, ...wanted], written, {
    system: state.data.source.name,
    folder,
    isReadOnly: request.isDryRun,
  })
  const asked = new Set(capturable.map(sourceTableName))
  const unfit = chosen.leftOut.filter(({ table }) => asked.has(table))
  const isFit = (table: SourceTable) => !unfit.some((one) => one.table === sourceTableName(table))
  const [tables, fresh] = [capturable.filter(isFit), wanted.filter(isFit)]
  const all = together(unfit)
  if (tables.length === 0 && all !== undefined) throw new PipelineError(all.code, refusalText(all))
  const contracts = chosen.contracts.filter(({ source }) => asked.has(source.table))
  const unfinished = new Set(
    loads.flatMap((load) => load.tables.flatMap((table) => (isOver(table.state) ? [] : table.table))),
  )
  return {
    tables,
    fresh,
    contracts,
    leftOut: [...leftOut, ...unfit],
    inferred: new Set(contracts.filter((table) => !written.includes(table))),
    unread: tables
      .filter((table) => !fresh.includes(table))
      .map(sourceTableName)
      .filter((name) => state.data.loads[name]?.state !== 'complete' && !unfinished.has(name)),
  }
}
