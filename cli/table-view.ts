import { bytesText } from '../core/amount-text.ts'
import type { AddedTable, TablesAdded } from '../local/run/add-tables.ts'
import { alignedTable, count } from './output.ts'

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
