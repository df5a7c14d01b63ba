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

/** A fault as one line: `T203 columns.email: description is empty`. */
export function faultText({ rule, path, message }: Fault): string {
  return `${rule} ${path}: ${message}`
}
