import { PipelineError } from '../../failures/failures.ts'
import { printTableVersion, type TableVersion } from '../language/table-version.ts'
import type { RuleId } from './rules.ts'

/** A rule that a contract breaks: where, as a path into the contract, and how. */
export interface Fault {
  readonly rule: RuleId
  readonly path: string
  readonly message: string
}

/** A list of one fault, or of none. */
export function fault(rule: RuleId, path: string, message: string, isFault = true): readonly Fault[] {
  return isFault ? [{ rule, path, message }] : []
}

/** `contract/invalid` with what breaks it: `hr.people v1: T203 columns.email: description is empty; …`. */
export class ContractError extends PipelineError {
  readonly faults: readonly Fault[]

  constructor(table: TableVersion, faults: readonly Fault[]) {
    const texts = faults.map(({ rule, path, message }) => `${rule} ${path}: ${message}`)
    super('contract/invalid', `${printTableVersion(table)}: ${texts.join('; ')}`)
    this.faults = faults
  }
}
