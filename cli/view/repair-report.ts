import { count } from '../../core/amount-text.ts'
import type { RepairNames } from '../../core/audit/repair-names.ts'
import type { RepairResult } from '../../core/operations/answers.ts'
import { exit, type Output } from '../terminal/output.ts'

/** The options of `repair` that name what is to come back. */
export interface NamedOptions {
  readonly page?: readonly string[]
  readonly object?: readonly string[]
  readonly file?: readonly string[]
}

export function repairNames({ page = [], object = [], file = [] }: NamedOptions): RepairNames {
  return { pages: page, objects: object, files: file }
}

export function isNothing({ pages, objects, files }: RepairNames): boolean {
  return pages.length + objects.length + files.length === 0
}

/** Tells what became of each name. Gives the exit code: 1 when something did not come back, or with a dry run would. */
export function tellRepairs(
  result: RepairResult,
  { json, after }: { readonly json: boolean; readonly after?: string },
  output: Output,
): number {
  const { isDryRun, repairs } = result
  const countOf = (state: RepairResult['repairs'][number]['state']) =>
    repairs.filter((one) => one.state === state).length
  if (json) output.result(JSON.stringify(result))
  else {
    for (const { name, state, message } of repairs) output.result(`- ${name}: ${WORD[state]}${message}`)
    const left = countOf('left') === 0 ? '' : `, ${count(countOf('left'))} left`
    const rest = after === undefined || countOf('done') === 0 ? '' : `; ${after}`
    output.result(
      isDryRun
        ? `dry run: ${count(countOf('planned'))} to repair, ${count(countOf('failed'))} cannot be repaired`
        : `${count(countOf('done'))} repaired, ${count(countOf('failed'))} failed${left}${rest}`,
    )
  }
  const isFine = isDryRun ? repairs.length === 0 : countOf('done') === repairs.length
  return isFine ? exit.fine : exit.findings
}

const WORD = { done: '', planned: 'to do: ', failed: 'failed: ', left: '' } as const
