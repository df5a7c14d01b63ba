import type { ContractFile } from '../load/load-contracts.ts'
import { locateMember, type Place } from '../load/locate-member.ts'
import { fixOf } from './contract-rules.ts'

/** Something to correct, at a place of a file. Never holds a row value. */
export interface Finding extends Place {
  readonly file: string
  readonly rule: string
  readonly message: string
  readonly fix: string
}

/** A finding at a member of a contract: `['columns', 'email']`. */
export function findingAt(
  file: Pick<ContractFile, 'shown' | 'text'>,
  path: readonly string[],
  rule: string,
  message: string,
): Finding {
  return { file: file.shown, ...locateMember(file.text, path), rule, message, fix: fixOf(rule) }
}

/** By file and place; of the same place by rule. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort(
    (left, right) =>
      compare(left.file, right.file) ||
      left.line - right.line ||
      left.column - right.column ||
      compare(left.rule, right.rule),
  )
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
