import type { Failure } from './failure.ts'

/** Failures of `tidemark cost`; see `failure-table.ts`. */
export const costFailures = {
  'cost/bad-file': {
    action: 'halt',
    advice:
      'Put right what the message names in the file of --prices or --setup; `tidemark cost --json` prints both as they are used, and docs/18-cost.md says what they hold.',
  },
  'cost/no-region': {
    action: 'halt',
    advice:
      'Tidemark has no list prices of this region. Name one that it has with --region and put the prices of yours over them with --prices.',
  },
  'cost/nothing-metered': {
    action: 'halt',
    advice:
      'Let the run see changes for some minutes and ask again, or say what to price: `tidemark cost --changes-per-month 100M --row-bytes 600 --tables 40`.',
  },
} as const satisfies Record<string, Failure>
