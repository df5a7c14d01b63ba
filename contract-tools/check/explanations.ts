import { rules } from '../../core/contract/check/rules.ts'
import {
  type EvolutionRule,
  evolutionRules,
  type Ladder,
} from '../../core/contract/evolution/evolution-rules.ts'
import { type Action, type Failure, failures } from '../../core/failures/failures.ts'
import { contractRules } from './contract-rules.ts'

/** What is known of one code: failures of the pipeline, rules of contracts, rules of their evolution. */
export interface Explanation {
  readonly code: string
  readonly title: string
  /** What happens by itself. */
  readonly happens: string
  /** What a person does. */
  readonly todo: string
}

const ACTIONS: Readonly<Record<Action, string>> = {
  retry: 'It is tried again by itself, with growing pauses; nothing is lost meanwhile.',
  quarantine: 'The change waits whole in quarantine, with its reasons; everything else flows on.',
  halt: 'The command or the run stops; what is durable stays, and it goes on where it stopped.',
}

const LADDERS: Readonly<Record<Ladder, string>> = {
  query: 'QUERY: SQL over the lake breaks, or silently means something else.',
  file: 'FILE: Parquet files that are there have another type than the table would say.',
  ingest: 'INGEST: rows that passed before would be refused and wait in quarantine.',
}

/** Every code there is, failures first, each kind in the order of its table. */
export const explanations: readonly Explanation[] = [
  ...Object.entries<Failure>(failures).map(([code, { action, advice }]) => ({
    code,
    title: code.replace('/', ': ').replaceAll('-', ' '),
    happens: ACTIONS[action],
    todo: advice,
  })),
  ...Object.entries<EvolutionRule>(evolutionRules).map(([code, { ladder, title, fix }]) => ({
    code,
    title,
    happens: LADDERS[ladder],
    todo: fix,
  })),
  ...Object.entries(rules).map(([code, { title, fix }]) => ({
    code,
    title,
    happens: 'The rule is broken: the contract does not load, so nothing that needs it starts.',
    todo: fix,
  })),
  ...Object.entries(contractRules).map(([code, { title, fix }]) => ({
    code,
    title,
    happens: '`contract check` names it, and the pull request does not pass.',
    todo: fix,
  })),
]
