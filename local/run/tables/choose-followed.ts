import { refusalText } from '../../../core/check.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { type LeftOutTable, together } from '../../../engine/postgres/rules/table-rules.ts'
import { type ChoiceOptions, chooseContracts } from '../../contracts/choose-contracts.ts'
import type { InspectedSource } from './inspect-source.ts'

/** What a start follows, and what it leaves out. */
export interface Followed {
  readonly contracts: readonly Table[]
  readonly sources: readonly SourceTable[]
  readonly leftOut: readonly LeftOutTable[]
}

/** The tables of a source that was looked at which have a contract. Throws why the first has none when none is left. */
export async function chooseFollowed(
  { sources, leftOut: unfit }: Pick<InspectedSource, 'sources' | 'leftOut'>,
  written: readonly Table[],
  options: ChoiceOptions,
): Promise<Followed> {
  const chosen = await chooseContracts(sources, written, options)
  const leftOut = [...unfit, ...chosen.leftOut]
  const all = together(leftOut)
  if (chosen.contracts.length === 0 && all !== undefined) throw new PipelineError(all.code, refusalText(all))
  const isOut = (table: SourceTable) => chosen.leftOut.some((one) => one.table === sourceTableName(table))
  return { contracts: chosen.contracts, sources: sources.filter((table) => !isOut(table)), leftOut }
}
