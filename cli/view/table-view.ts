import { bytesText, count } from '../../core/amount-text.ts'
import type { AddedTable, TablesAdded } from '../../core/operations/answers.ts'
import { alignedTable } from '../terminal/output.ts'

/** What became of tables of a stack. */
export interface StackTables {
  readonly isDryRun: boolean
  readonly tables: readonly {
    readonly table: string
    readonly contracts: readonly string[]
    readonly state: 'added' | 'already' | 'planned'
  }[]
  /** What DMS would be told, or had to be told, in order. */
  readonly calls: readonly string[]
  /** How long the changes of all tables waited in the source's log; null when they did not. */
  readonly interruption: { readonly milliseconds: number } | null
  readonly load: string | null
}

const STATES: Readonly<Record<AddedTable['state'], string>> = {
  added: 'captured from now on',
  already: 'captured already',
  planned: 'would be captured',
  'at-next-start': 'captured from the next start',
}

/** What became of tables that were to be added, for people. */
export function tablesAddedText(
  { tables, interruption, isDryRun }: TablesAdded,
  { isLoaded }: { readonly isLoaded: boolean },
): string {
  const rows = tables.map(({ table, contracts, isInferred, state }) => [
    table,
    isInferred ? `${contracts.join(', ')} (inferred, masks nothing)` : contracts.join(', '),
    STATES[state],
  ])
  const isNew = tables.some(({ state }) => state !== 'already')
  return [
    alignedTable(['table', 'contract', ''], rows),
    ...(isDryRun && isNew ? [stepsText(isLoaded)] : []),
    ...(interruption === null
      ? []
      : [
          `changes waited ${count(interruption.milliseconds)} ms; the slot kept ${bytesText(interruption.heldBytes)} meanwhile`,
        ]),
    ...(isNew && !isLoaded
      ? ['no load: rows of before are not in the lake until they change, and the proof names them']
      : []),
  ].join('\n')
}

/** The same of a stack. */
export function stackTablesText(
  { tables, interruption, isDryRun, calls, load }: StackTables,
  { load: isLoaded }: { readonly load: boolean },
): string {
  const rows = tables.map(({ table, contracts, state }) => [table, contracts.join(', '), STATES[state]])
  const isNew = tables.some(({ state }) => state !== 'already')
  const told = isDryRun ? ['DMS would be told:', ...(calls.length > 0 ? calls : ['nothing'])] : []
  return [
    alignedTable(['table', 'contract', ''], rows),
    ...told,
    ...(isDryRun && isNew && isLoaded ? ['then: tidemark load start for the new tables'] : []),
    ...(interruption === null
      ? []
      : [
          `changes waited ${count(Math.round(interruption.milliseconds / 1_000))} s in the log of the source`,
        ]),
    ...(load === null ? [] : [`load ${load} has begun`]),
    ...(isNew && !isLoaded
      ? ['no load: rows of before are not in the lake until they change, and the proof names them']
      : []),
  ].join('\n')
}

function stepsText(isLoaded: boolean): string {
  const steps = [
    'note the tables in the run folder',
    'register them in the catalog',
    'stop reading the slot where everything is durable',
    'add them to the publication, under a lock that waits for their writers',
    'read on from where the slot was left',
    ...(isLoaded ? ['load them, beside the changes'] : []),
  ]
  return steps.map((step, index) => `${index + 1}. ${step}`).join('\n')
}
